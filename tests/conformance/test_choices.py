"""Which user and which cluster of a kubeconfig counts, whatever is wrong with them: client-go decides."""

from itertools import islice, product
from pathlib import Path
from random import Random

import yaml

from kubepki.formats.kubeconfig_reader import parse_kubeconfig
from kubepki.model import Standing
from tests.conformance.differences import CA, MINE, OTHER, base64_of
from tests.conformance.test_files import EXAMPLES, is_critical
from tests.conformance.test_kubeconfigs import scanned
from tests.support.oracle import Oracle

_CERTIFICATE, _KEY = base64_of(MINE.certificate_pem), base64_of(MINE.key_pem)
_SERVER = {"server": "https://127.0.0.1:6443"}
USERS: dict[str, dict[str, str]] = {
    "good": {"client-certificate-data": _CERTIFICATE, "client-key-data": _KEY},
    "another's key": {"client-certificate-data": _CERTIFICATE, "client-key-data": base64_of(OTHER.key_pem)},
    "a key that is gone, without a certificate": {"client-key": "gone.pem"},
    "a key without a certificate": {"client-key-data": _KEY},
    "words as a key, without a certificate": {"client-key-data": base64_of(b"words")},
    "a file without a key": {"client-certificate": "client.pem"},
    "a file that is gone": {"client-certificate": "gone.pem", "client-key": "client.pem"},
    "a key that is gone": {"client-certificate": "client.pem", "client-key": "gone.pem"},
    "a key that is gone beside data": {"client-certificate-data": _CERTIFICATE, "client-key": "gone.pem"},
    "a key that is gone beside a key": {"client-key": "gone.pem", "client-key-data": _KEY},
    "a token": {"token": "x", "client-key": "gone.pem"},
    "a token that is gone": {"tokenFile": "gone"},
    "nothing": {},
}
CLUSTERS: dict[str, dict[str, str]] = {
    "good": {**_SERVER, "certificate-authority-data": base64_of(CA.certificate_pem)},
    "a file that is gone": {**_SERVER, "certificate-authority": "gone.pem"},
    "words": {**_SERVER, "certificate-authority-data": base64_of(b"words")},
    "no server": {"certificate-authority-data": base64_of(CA.certificate_pem)},
    "nothing": {},
}
# Names: of the current context, of the context, its user and its cluster, of the user and of the cluster.
NAMES = list(product(("a", "", "gone", None), ("a", ""), ("a", "gone", ""), ("a", ""), ("a", ""), ("a", "")))


def test_choices(oracle: Oracle, tmp_path: Path) -> None:
    """A sample of all combinations; in `make conformance` all of them."""
    (tmp_path / "client.pem").write_bytes(MINE.pem)
    path = tmp_path / "kubelet.conf"
    every = list(product(USERS, CLUSTERS, NAMES))
    Random(str(EXAMPLES.max_examples)).shuffle(every)
    disagreements = []
    for user, cluster, names in islice(every, EXAMPLES.max_examples):
        current, context, its_user, its_cluster, user_name, cluster_name = names
        document: dict[str, object] = {
            "apiVersion": "v1",
            "kind": "Config",
            "contexts": [{"name": context, "context": {"user": its_user, "cluster": its_cluster}}],
            "clusters": [{"name": cluster_name, "cluster": CLUSTERS[cluster]}],
            "users": [{"name": user_name, "user": USERS[user]}],
        }
        content = yaml.safe_dump(document if current is None else {**document, "current-context": current}).encode()
        read = parse_kubeconfig(content)
        if not read.parsed and not read.references and not read.faults:
            # Without a certificate it is none of our business: docs/conformance.md.
            continue
        path.write_bytes(content)
        said = oracle.ask("kubeconfig", path)
        found = [each for state in scanned(path) for each in state.faults if state.standing is Standing.CURRENT]
        if is_critical(tuple(found)) == said.taken:
            disagreements.append((user, cluster, names, said.error, found))
    assert disagreements == []
