"""What still differs from the consumers: each row of docs/conformance.md with a file that shows it."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from kubepki.formats import der
from tests.conformance import asn1
from tests.support import pki

CA = pki.authority()
MINE, OTHER = pki.client(CA), pki.client(CA, "node31")
RSA = pki.client(CA, key=pki.new_key(pki.KeyType.RSA))


def pem(label: str, encoded: bytes) -> bytes:
    """Return a PEM block."""
    return f"-----BEGIN {label}-----\n{base64.encodebytes(encoded).decode()}-----END {label}-----\n".encode()


def base64_of(data: bytes) -> str:
    """Return the base64 of *data* on one line."""
    return base64.b64encode(data).decode()


def document() -> dict[str, Any]:
    """Return a kubeconfig that client-go takes, to be changed in one place."""
    user = {"client-certificate-data": base64_of(MINE.certificate_pem), "client-key-data": base64_of(MINE.key_pem)}
    cluster = {"server": "https://127.0.0.1:6443", "certificate-authority-data": base64_of(CA.certificate_pem)}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"user": "a", "cluster": "a"}}],
        "clusters": [{"name": "a", "cluster": cluster}],
        "users": [{"name": "a", "user": user}],
    }


def kubeconfig(**user: object) -> bytes:
    """Return `document` with further fields of its user."""
    made = document()
    made["users"][0]["user"].update(user)
    return yaml.safe_dump(made).encode()


def _naming_a_ca() -> bytes:
    made = document()
    cluster = made["clusters"][0]["cluster"]
    del cluster["certificate-authority-data"]
    cluster["certificate-authority"] = "ca.crt"
    return yaml.safe_dump(made).encode()


def _without_https() -> bytes:
    made = document()
    made["clusters"][0]["cluster"]["server"] = "127.0.0.1:6443"
    made["clusters"][0]["cluster"]["certificate-authority-data"] = base64_of(b"words")
    return yaml.safe_dump(made).encode()


def _needing_a_terminal() -> bytes:
    made = document()
    program = {"apiVersion": "client.authentication.k8s.io/v1", "command": "true", "interactiveMode": "Always"}
    made["users"][0]["user"] = {"client-key-data": base64_of(MINE.key_pem), "exec": program}
    return yaml.safe_dump(made).encode()


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One row: its cells, the question to the oracle, and the files, the first of which is judged.

    A file that is a text is a link to what it says.
    """

    case: str
    exporter: str
    consumer: str
    reason: str
    kind: str
    files: Callable[[], Mapping[str, bytes | str]]
    paths: Sequence[str] = field(default=())

    def write(self, directory: Path) -> tuple[Path, list[Path]]:
        """Write the files below *directory*; return the one that is judged and those that the oracle reads."""
        made = self.files()
        for name, content in made.items():
            if isinstance(content, str):
                (directory / name).symlink_to(content)
            else:
                (directory / name).write_bytes(content)
        paths = [directory / name for name in self.paths or list(made)[:1]]
        if self.kind == "store":
            paths = [directory, Path("kubelet-client")]
        return directory / next(iter(made)), paths


DIFFERENCES = (
    Difference(
        case="a key in the certificate's own file and another beside it",
        exporter="judges the key inside",
        consumer="may read the other",
        reason="which of the two is named stands in the component's flags",
        kind="pair",
        files=lambda: {"apiserver.crt": MINE.certificate_pem + OTHER.key_pem, "apiserver.key": MINE.key_pem},
        paths=("apiserver.crt", "apiserver.key"),
    ),
    Difference(
        case="a CA's file with a private key in it that is not the CA's",
        exporter="`key_mismatch`",
        consumer="takes",
        reason="nobody reads a key there, and somebody mixed up two files",
        kind="certs",
        files=lambda: {"ca.crt": MINE.key_pem + CA.certificate_pem},
    ),
    Difference(
        case="a CA file of which one certificate is malformed",
        exporter="`refused`",
        consumer="the API server refuses, a kubeconfig's reader takes the others",
        reason="one file is read by both",
        kind="kubeconfig",
        files=lambda: {
            "ca.crt": CA.certificate_pem + pem("CERTIFICATE", asn1.Parts(serial=asn1.integer(-1)).encoded()),
            "kubelet.conf": _naming_a_ca(),
        },
        paths=("kubelet.conf",),
    ),
    Difference(
        case="a CA's file of etcd without a plain `CERTIFICATE`: none at all, with PEM headers, or under another label",
        exporter="`refused`, `no_certificate`",
        consumer="takes",
        reason="etcd then trusts nobody, or what all others pass over; and no program writes a CA so",
        kind="etcd-ca",
        files=lambda: {"ca.crt": pem("X509 CERTIFICATE", CA.der)},
    ),
    Difference(
        case="`PREFIX-current.pem` is gone or leads nowhere, and `PREFIX.crt` with its key is beside it",
        exporter="`missing`, `dangling`",
        consumer="FileStore takes the pair",
        reason="the kubelet's kubeconfig names the link and is read before, and client-go refuses it",
        kind="store",
        files=lambda: {
            "kubelet-client-current.pem": "nowhere.pem",
            "kubelet-client.crt": MINE.certificate_pem,
            "kubelet-client.key": MINE.key_pem,
        },
    ),
    Difference(
        case="a `.crt` of a directory with a revocation list or a request and nothing else",
        exporter="passes over it",
        consumer="refuses",
        reason="nothing shows that a component reads it",
        kind="certs",
        files=lambda: {"ca.crt": pem("X509 CRL", der.encode(der.SEQUENCE, b""))},
    ),
    Difference(
        case="a kubeconfig without any certificate",
        exporter="takes",
        consumer="may refuse",
        reason="there is nothing of a PKI in it",
        kind="kubeconfig",
        files=lambda: {"kubelet.conf": b"---\n---\n" + kubeconfig()},
    ),
    Difference(
        case="a user with the `auth-provider` oidc",
        exporter="takes",
        consumer="refuses",
        reason="kubectl takes it, and who reads the file cannot be told",
        kind="kubeconfig",
        files=lambda: {"kubelet.conf": kubeconfig(**{"auth-provider": {"name": "oidc"}})},
    ),
    Difference(
        case="a user whose `exec` has `interactiveMode: Always`",
        exporter="takes",
        consumer="refuses where it has no terminal",
        reason="a person's kubectl has one, and who reads the file cannot be told",
        kind="kubeconfig",
        files=lambda: {"kubelet.conf": _needing_a_terminal()},
    ),
    Difference(
        case="embedded data written as a list of numbers",
        exporter="`refused`",
        consumer="takes",
        reason="Go's JSON takes bytes so, and no program writes them so",
        kind="kubeconfig",
        files=lambda: {"kubelet.conf": kubeconfig(**{"client-certificate-data": list(MINE.certificate_pem)})},
    ),
    Difference(
        case="two byte order marks before a kubeconfig in braces",
        exporter="`unparsable`",
        consumer="takes",
        reason="one is what an editor writes, and before any other form client-go refuses two",
        kind="kubeconfig",
        files=lambda: {
            "kubelet.conf": b"\xef\xbb\xbf" * 2 + yaml.safe_dump(document(), default_flow_style=True).encode()
        },
    ),
    Difference(
        case="a server that is not HTTPS, and damaged data beside it",
        exporter="`unparsable`, `refused`, `key_mismatch`",
        consumer="takes",
        reason=(
            "client-go then reads no credentials; no API server that is supported speaks plain HTTP, and the data are "
            "damaged"
        ),
        kind="kubeconfig",
        files=lambda: {"kubelet.conf": _without_https()},
    ),
    Difference(
        case="a colon right before a comma, a question mark or a bracket in YAML's flow style: `{user:, a}`",
        exporter="`unparsable`",
        consumer="takes",
        reason="libyaml refuses it, Go's port of it takes the colon into the name, and no program writes it so",
        kind="kubeconfig",
        files=lambda: {"kubelet.conf": b"x: {user:, a}\n" + kubeconfig()},
    ),
)
