"""What client-go says against users without a certificate, clusters and kinds."""

import base64

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from kubepki.formats.kubeconfig_reader import parse_kubeconfig
from kubepki.model import Reason
from tests.support import pki

HEAD = pki.kubeconfig(clusters=[pki.Cluster(ca=pki.authority().certificate_pem)], users=[pki.User()]).decode()
V1, BETA = "client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"


def details(user: str, text: str = HEAD) -> list[str]:
    """Return the details of the faults of a kubeconfig whose only user is *user*, in YAML's flow style."""
    assert "  user: {}" in text
    faults = parse_kubeconfig(text.replace("  user: {}", f"  user: {user}").encode()).faults
    assert {fault.reason for fault in faults} <= {Reason.REFUSED}
    return [fault.detail for fault in faults]


@pytest.mark.parametrize(
    "user",
    [
        "{token: a}",
        f"{{exec: {{apiVersion: {V1}, command: aws, interactiveMode: Never}}}}",
        f"{{exec: {{apiVersion: {BETA}, command: aws}}}}",
        f"{{token: a, exec: {{apiVersion: {BETA}, command: aws}}}}",
        "{username: a, password: b}",
        "{token: a, as: b, as-groups: [c]}",
    ],
)
def test_users_without_a_certificate(user: str) -> None:
    """A token, a password or a program, as on EKS."""
    assert details(user) == []


@pytest.mark.parametrize(
    ("user", "says"),
    [
        (f"{{exec: {{apiVersion: {V1}, command: aws}}}}", "interactiveMode must be specified"),
        (f"{{exec: {{apiVersion: {V1}, command: aws, interactiveMode: Maybe}}}}", "invalid interactiveMode"),
        (f"{{exec: {{apiVersion: {BETA}}}}}", "command must be specified"),
        ("{exec: {command: aws, interactiveMode: Never}}", "apiVersion must be specified"),
        (f"{{auth-provider: {{name: gcp}}, exec: {{apiVersion: {BETA}, command: aws}}}}", "authProvider"),
        ("{token: a, username: b, password: c}", "more than one authentication method"),
        ("{token: a, as-groups: [x]}", "without impersonating a user"),
    ],
)
def test_users_whom_client_go_refuses(user: str, says: str) -> None:
    """In its words."""
    (detail,) = details(user)
    assert says in detail


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("kind: Config", "kind: Pod", "kind and apiVersion"),
        ("apiVersion: v1", "apiVersion: v2", "kind and apiVersion"),
        ("    server:", "    insecure-skip-tls-verify: true\n    server:", "insecure flag"),
        ("    server:", '    proxy-url: "::bad"\n    server:', "proxy-url"),
    ],
)
def test_clusters_and_kinds_that_it_refuses(old: str, new: str, says: str) -> None:
    """Of the current context."""
    assert old in HEAD
    (detail,) = details("{token: a}", HEAD.replace(old, new, 1))
    assert says in detail


def test_a_kubelets_configuration_is_no_broken_kubeconfig() -> None:
    """On OpenShift /etc/kubernetes/kubelet.conf is one."""
    text = b"kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\nstaticPodPath: /m\n"
    assert parse_kubeconfig(text).faults == ()


def test_an_embedded_certificate_is_judged_although_its_key_is_a_file() -> None:
    """DER where crypto/tls looks for PEM is refused, whatever the file holds."""
    der = pki.client(pki.authority()).certificate.public_bytes(Encoding.DER)
    (detail,) = details(f"{{client-certificate-data: {base64.b64encode(der).decode()}, client-key: other.pem}}")
    assert "failed to find any PEM data in certificate input" in detail


_TWICE = "{name: e, extension: {a: 1}}, {name: e, extension: 0}"


@pytest.mark.parametrize(
    "changed",
    [
        HEAD + f"extensions: [{_TWICE}]\n",
        HEAD + f"preferences: {{extensions: [{_TWICE}]}}\n",
        HEAD.replace("  user: {}", f"  user: {{extensions: [{_TWICE}]}}"),
        HEAD.replace("users:\n", f"users:\n- {{name: other, user: {{extensions: [{_TWICE}]}}}}\n"),
        HEAD.replace("clusters:\n", f"clusters:\n- {{name: other, cluster: {{extensions: [{_TWICE}]}}}}\n"),
        HEAD.replace("contexts:\n", f"contexts:\n- {{name: other, context: {{extensions: [{_TWICE}]}}}}\n"),
    ],
)
def test_two_extensions_of_one_name(changed: str) -> None:
    """client-go reads none of the file, whoever has them."""
    (fault,) = parse_kubeconfig(changed.encode()).faults
    assert fault.reason is Reason.REFUSED
    assert fault.detail.endswith("extensions: a name was given before")


@pytest.mark.parametrize(
    "given", ["[]", "~", "[~]", "[{}, {}]", "[{name: e}, {name: e, extension: 0}, {name: f}]", "[5]"]
)
def test_extensions_that_client_go_takes_or_refuses_for_their_type(given: str) -> None:
    """One without a content is none yet."""
    found = parse_kubeconfig((HEAD + f"extensions: {given}\n").encode()).faults
    assert [fault.detail for fault in found] == (
        ["client-go refuses it: extensions[0] is a number where a mapping is due"] if given == "[5]" else []
    )
