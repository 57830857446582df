"""What client-go refuses of a kubeconfig is a fault with a reason; what it takes is nothing critical."""

import base64
import re
import ssl
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from kubepki.formats.kubeconfig_reader import parse_kubeconfig
from kubepki.model import PathState, Reason, Standing
from kubepki.pki.scan import Scanner
from kubepki.settings import Kubeconfig, PkiSettings, ScanSettings
from tests.conformance import asn1, odd, trees
from tests.conformance.configs import texts
from tests.conformance.contexts import contents
from tests.conformance.differences import CA, MINE, OTHER, document
from tests.conformance.reading import disagreements
from tests.conformance.test_files import EXAMPLES, FEWER, is_critical
from tests.support import pki
from tests.support.oracle import Oracle

_NOT_HERE = ("exec: executable", "exec plugin cannot support interactive mode: standard input is not a terminal")
_COLON_IN_FLOW = re.compile(rb"[^\"'\s]:[],?[{}]")


def encoded(data: bytes) -> str:
    """Return the base64 of *data* on one line."""
    return base64.b64encode(data).decode()


CERTIFICATES = [encoded(MINE.certificate_pem)] * 4 + [encoded(data) for data in (MINE.der, MINE.pem, b"words", b"")]
KEYS = [encoded(MINE.key_pem)] * 4 + [
    encoded(OTHER.key_pem),
    encoded(OTHER.key_pem + MINE.key_pem),
    encoded(pki.key_pem(MINE.key, pki.KeyForm.ENCRYPTED)),
    encoded(b"words"),
    encoded(MINE.certificate_pem),
]
AUTHORITIES = [encoded(CA.certificate_pem)] * 4 + [encoded(data) for data in (CA.der, b"words", b"", MINE.pem)]


@st.composite
def wrapped(draw: st.DrawFn, choices: list[str]) -> str:
    """Return one of *choices*, sometimes with blanks or line ends in it."""
    text = draw(st.sampled_from(choices))
    between = draw(st.sampled_from(["", "", "", "", "\n", " ", "\r\n", "\t"]))
    return between.join([text[:10], text[10:]]) if text else text


@st.composite
def kubeconfigs(draw: st.DrawFn) -> bytes:
    """Return a kubeconfig of which mostly one thing is odd."""
    user: dict[str, Any] = {}
    cluster: dict[str, Any] = {"server": draw(st.sampled_from(["https://127.0.0.1:6443"] * 6 + [""]))}
    if draw(st.integers(0, 5)):
        user["client-certificate-data"] = draw(wrapped(CERTIFICATES))
    if draw(st.integers(0, 5)):
        user["client-key-data"] = draw(wrapped(KEYS))
    if draw(st.integers(0, 5)):
        cluster["certificate-authority-data"] = draw(wrapped(AUTHORITIES))
    odd = draw(st.sampled_from(["", "", "", "certificate", "key", "authority", "token"]))
    if odd == "certificate":
        user["client-certificate"] = "client.pem"
    if odd == "key":
        user["client-key"] = "client.pem"
    if odd == "authority":
        cluster["certificate-authority"] = "ca.pem"
    if odd == "token":
        user = {"token": "abc"}
    users, clusters = [{"name": "a", "user": user}], [{"name": "a", "cluster": cluster}]
    context = {"user": "a", "cluster": "a"}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": draw(st.sampled_from(["c"] * 6 + ["", "elsewhere"])),
        "users": users * draw(st.sampled_from([1] * 8 + [0, 2])),
        "clusters": clusters * draw(st.sampled_from([1] * 8 + [0, 2])),
        "contexts": [{"name": "c", "context": context}] * draw(st.sampled_from([1] * 8 + [0, 2])),
    }
    return yaml.safe_dump(document).encode()


def scanned(path: Path) -> tuple[PathState, ...]:
    """Return what a scan says of the kubeconfig *path* and the files that it names."""
    sources = PkiSettings(
        directories=(), kubeconfigs=(Kubeconfig(path=str(path), optional=False),), files=(), presets=()
    )
    return Scanner(sources, ScanSettings()).scan().snapshot.paths


@EXAMPLES
@given(content=kubeconfigs() | texts().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_kubeconfig(oracle: Oracle, tmp_path: Path, content: bytes) -> None:
    """The scan agrees with clientcmd and rest about what is embedded and what is named, and tells what they read."""
    agree(oracle, tmp_path, content)


@EXAMPLES
@given(content=contents())
def test_contexts(oracle: Oracle, tmp_path: Path, content: bytes) -> None:
    """Several users, clusters and contexts, with whatever stands beside their certificates."""
    agree(oracle, tmp_path, content)


def agree(oracle: Oracle, tmp_path: Path, content: bytes) -> None:
    """Assert that the kubeconfig *content* is critical exactly where client-go refuses it, and told as it reads it."""
    directory = tmp_path / "kc"
    directory.mkdir(exist_ok=True)
    path = directory / "kubelet.conf"
    path.write_bytes(content)
    (directory / "client.pem").write_bytes(MINE.pem)
    (directory / "ca.pem").write_bytes(CA.certificate_pem)
    (directory / "token").write_text("abc")
    said = oracle.ask("kubeconfig", path)
    read = parse_kubeconfig(content)
    if not read.parsed and not read.references and not read.faults:
        # Without a certificate it is none of our business: docs/conformance.md.
        return
    if said.error.startswith(_NOT_HERE):
        # The file is read; the program that it names is not here, or needs a terminal: docs/conformance.md has a row.
        return
    states = scanned(path)
    # What it names for another context is superseded: nobody is told of its faults.
    found = tuple(fault for state in states for fault in state.faults if state.standing is Standing.CURRENT)
    if said.taken and is_critical(found) and not all(each.url.startswith("https://") for each in read.clusters):
        # docs/conformance.md has a row.
        assert {fault.reason for fault in found} <= {Reason.UNPARSABLE, Reason.REFUSED, Reason.KEY_MISMATCH}
        return
    if said.taken and _COLON_IN_FLOW.search(content) and {fault.reason for fault in found} == {Reason.UNPARSABLE}:
        # docs/conformance.md has a row of it, too.
        return
    assert is_critical(found) == (not said.taken), (said.error, found)
    if said.taken:
        assert not disagreements(said, states), states


@st.composite
def embedding(draw: st.DrawFn) -> bytes:
    """Return a kubeconfig that embeds an odd certificate with its key, and an odd CA."""
    made = document()
    odd_ones = st.one_of(odd.certificates(), trees.certificates())
    user, cluster = made["users"][0]["user"], made["clusters"][0]["cluster"]
    user["client-key-data"] = encoded(asn1.LEAF.key_pem)
    user["client-certificate-data"] = encoded(draw(odd_ones.map(_pem) | st.just(asn1.LEAF.certificate_pem)))
    cluster["certificate-authority-data"] = encoded(b"".join(draw(st.lists(odd_ones.map(_pem), max_size=2))) or b"\n")
    if draw(st.booleans()):
        cluster["certificate-authority-data"] = encoded(CA.certificate_pem)
    return yaml.safe_dump(made).encode()


def _pem(data: bytes) -> bytes:
    return ssl.DER_cert_to_PEM_cert(data).encode()


@FEWER
@given(content=embedding())
def test_embedded(oracle: Oracle, tmp_path: Path, content: bytes) -> None:
    """What is embedded is taken as Go takes it, with the values that Go reads."""
    path = tmp_path / "kubelet.conf"
    path.write_bytes(content)
    said, states = oracle.ask("kubeconfig", path), scanned(path)
    found = tuple(fault for state in states for fault in state.faults)
    assert is_critical(found) == (not said.taken), (said.error, found)
    if said.taken:
        assert not disagreements(said, states), states
