"""The table of advice, whole: each finding on each kind of file, and the commands of each distribution."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubepki.commands.host import MANIFESTS, Host, Words
from kubepki.commands.remedies import remedies, requests
from kubepki.judgement.advice import advise
from kubepki.judgement.evaluate import Code, Finding
from kubepki.judgement.kinds import Kind, distribution_of, kind_of
from kubepki.model import Certificate, Fault, PathState, Reason, Severity, Standing, Usage

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "advice.txt"
KINDS = {
    Kind.CLIENT_LINK: "/var/lib/kubelet/pki/kubelet-client-current.pem",
    Kind.SERVER_LINK: "/var/lib/kubelet/pki/kubelet-server-current.pem",
    Kind.LINK: "/srv/pki/etcd-current.pem",
    Kind.KUBECONFIG: "/etc/kubernetes/admin.conf",
    Kind.CA: "/etc/kubernetes/pki/ca.crt",
    Kind.FILE: "/etc/kubernetes/pki/apiserver.crt",
}
ISSUED = (
    *(f"/etc/kubernetes/pki/{name}.crt" for name in ("apiserver", "apiserver-etcd-client", "apiserver-kubelet-client")),
    *(f"/etc/kubernetes/pki/{name}.crt" for name in ("front-proxy-client", "etcd/server", "etcd/peer")),
    "/etc/kubernetes/pki/etcd/healthcheck-client.crt",
    *(f"/etc/kubernetes/{name}.conf" for name in ("admin", "super-admin", "controller-manager", "scheduler")),
    "/etc/kubernetes/pki/own.crt",
    "/var/lib/rancher/k3s/agent/client-kubelet.crt",
    "/etc/rancher/k3s/k3s.yaml",
    "/var/lib/rancher/rke2/server/tls/serving-kube-apiserver.crt",
    "/var/snap/microk8s/current/certs/server.crt",
    "/var/snap/microk8s/current/certs/kubelet.crt",
    "/var/lib/k0s/pki/server.crt",
    "/srv/own.crt",
)
HOSTS = {
    "kubeadm, control plane": Host(manifest=MANIFESTS[0], administers=True),
    "kubeadm, node": Host(kubelet_config="/var/lib/kubelet/config.yaml"),
    "OpenShift, control plane": Host(manifest=MANIFESTS[1]),
    "k3s, server": Host(unit="k3s", signer_unit="k3s"),
    "k3s, agent": Host(unit="k3s-agent"),
    "rke2, server": Host(unit="rke2-server", signer_unit="rke2-server"),
    "k0s, controller with a worker": Host(unit="k0scontroller", signer_unit="k0scontroller"),
    "k0s, worker": Host(unit="k0sworker"),
    "microk8s": Host(unit="snap.microk8s.daemon-kubelite", signer_unit="snap.microk8s.daemon-kubelite"),
    "unknown": Host(unit=None),
}
ROLLED_BACK = {Reason.EMPTY, Reason.UNPARSABLE, Reason.DANGLING, Reason.MISSING}


def state(path: str, *, faults: tuple[Reason, ...] = ()) -> PathState:
    """Return a path with one certificate, as its kind has it."""
    entry = "user/kubernetes-admin" if path.endswith((".conf", ".yaml")) else "0"
    usage = Usage.CA if path.endswith("ca.crt") else Usage.CLIENT
    certificate = Certificate(
        entry=entry,
        usage=usage,
        subject="CN=it",
        issuer="CN=ca",
        serial="0A",
        fingerprint_sha256="0" * 64,
        not_before=0.0,
        not_after=1.0,
    )
    return PathState(
        path=path,
        standing=Standing.CURRENT,
        certificates=(certificate,),
        faults=tuple(Fault(reason=reason) for reason in faults),
    )


def found(code: Code, path: str | None, reason: Reason | None = None) -> Finding:
    """Return a finding about *path*."""
    entry = None if path is None or reason is not None else state(path).certificates[0].entry
    return Finding(code=code, severity=Severity.CRITICAL, path=path, message="", reason=reason, entry=entry)


def line(words: Words | None) -> str:
    return "-" if words is None else " ".join(words)


def rows() -> Iterator[str]:
    """Yield the table."""
    yield "# what was found, on which kind of file: what to do"
    for code in Code:
        if code in {Code.PATH_BROKEN, Code.KUBECONFIG_DIVERGED}:
            continue
        about_host = code.startswith(("host_", "reference_", "hardware_", "time_", "nothing_"))
        for kind, path in [(Kind.HOST, None)] if about_host else KINDS.items():
            yield f"{code}, {kind}: {advise(found(code, path), (path and state(path)) or None)}"
    for reason in Reason:
        for kind, path in KINDS.items():
            yield f"{reason}, {kind}: {advise(found(Code.PATH_BROKEN, path, reason), state(path))}"
    stale = state(KINDS[Kind.KUBECONFIG], faults=(Reason.KUBECONFIG_STALE,))
    expired = found(Code.CERTIFICATE_EXPIRED, stale.path)
    yield f"certificate_expired, kubeconfig with an old copy: {advise(expired, stale)}"
    yield f"  {' ; '.join(line(each) for each in remedies(expired, stale, Host(), KINDS[Kind.CLIENT_LINK]))}"
    yield "# expired, by who issued it: commands"
    for path in ISSUED:
        commands = remedies(found(Code.CERTIFICATE_EXPIRED, path), state(path), Host())
        yield f"{distribution_of(path)}, {path}: {' ; '.join(map(line, commands)) or 'none'}"
    yield "# commands of each host"
    for name, host in HOSTS.items():
        yield f"{name}: stop the signer: {line(host.stop_signing)}"
        yield f"{name}: start the signer: {line(host.start_signing)}"
        yield f"{name}: restart the kubelet: {line(host.restart)}"
        yield f"{name}: its log: {line(host.log)}"
        yield f"{name}: requests: {' ; '.join(map(line, requests(host)))}"


def test_the_whole_table() -> None:
    """One line each; UPDATE_GOLDEN=1 writes them."""
    text = "\n".join(rows()) + "\n"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_each_path_is_of_its_kind(kind: Kind) -> None:
    path = KINDS[kind]
    assert kind_of(path, state(path), state(path).certificates[0].entry) is kind


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.is_link])
def test_what_rollback_cannot_repair_is_never_told_to_be_rolled_back(kind: Kind) -> None:
    """Of no finding, and of no fault."""
    path = KINDS[kind]
    every = [found(code, path) for code in Code if code not in {Code.PATH_BROKEN, Code.KUBECONFIG_DIVERGED}]
    every += [found(Code.PATH_BROKEN, path, reason) for reason in Reason]
    for finding in every:
        if finding.code is not Code.HOST_CLOCK_SKEWED:
            words = advise(finding, state(path))
            assert "rollback" not in words, words
            assert "roll back" not in words, words


@pytest.mark.parametrize("reason", sorted(ROLLED_BACK))
def test_a_link_is_rolled_back(reason: Reason) -> None:
    for kind in (Kind.CLIENT_LINK, Kind.SERVER_LINK, Kind.LINK):
        assert "kubepki-exporter rollback" in advise(found(Code.PATH_BROKEN, KINDS[kind], reason))
