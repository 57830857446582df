"""A finding on this host -> the commands that look into it or cure it. Pure.

Sources: `kubeadm certs renew` (kubernetes.io, reference of kubeadm), `k3s certificate rotate` and `rke2 certificate
rotate` with the service stopped (their documentation), `microk8s refresh-certs`.
"""

from kubepki.commands.host import Host, Words
from kubepki.judgement.advice import follows_no_link
from kubepki.judgement.evaluate import Code, Finding
from kubepki.judgement.kinds import Distribution, Kind, distribution_of, kind_of
from kubepki.judgement.phrases import label_name
from kubepki.model import PathState, Reason

_ENDS = frozenset({Code.CERTIFICATE_EXPIRED, Code.CERTIFICATE_EXPIRING})
_CLOCKS = frozenset(
    {
        Code.HOST_CLOCK_BEHIND,
        Code.HOST_CLOCK_SKEWED,
        Code.HARDWARE_CLOCK_SKEWED,
        Code.HOST_CLOCK_UNSYNCHRONIZED,
        Code.SYMLINK_TARGET_FUTURE_DATED,
        Code.ROTATED_WHILE_UNSYNCHRONIZED,
    }
)
COMPARE_CLOCKS = "timedatectl timesync-status || chronyc tracking"
# Names of `kubeadm certs renew`, by the end of the path.
_KUBEADM = {
    "/pki/apiserver.crt": "apiserver",
    "/pki/apiserver-etcd-client.crt": "apiserver-etcd-client",
    "/pki/apiserver-kubelet-client.crt": "apiserver-kubelet-client",
    "/pki/front-proxy-client.crt": "front-proxy-client",
    "/pki/etcd/server.crt": "etcd-server",
    "/pki/etcd/peer.crt": "etcd-peer",
    "/pki/etcd/healthcheck-client.crt": "etcd-healthcheck-client",
    **{f"/{name}": name for name in ("admin.conf", "super-admin.conf", "controller-manager.conf", "scheduler.conf")},
}
_USER = "user/"
_MICROK8S = ("server.crt", "front-proxy-client.crt", "ca.crt")


def looks_at_clocks(finding: Finding) -> bool:
    """Return whether what is to be looked at is the clock of the host."""
    return finding.code in _CLOCKS


def remedies(finding: Finding, state: PathState | None, host: Host, link: str | None = None) -> tuple[Words, ...]:
    """Return the commands for *finding*, of the path whose *state* is given, none where no command does it.

    *link* is the kubelet's current link beside a kubeconfig that does not follow it.
    """
    kind = kind_of(finding.path, state, finding.entry)
    if finding.reason is Reason.BOOTSTRAPPING:
        return requests(host)
    ends = finding.path is not None and finding.code in _ENDS
    if finding.reason is Reason.KUBECONFIG_STALE or (ends and follows_no_link(state)):
        return name_the_link(user_of(finding, state), finding.path, host, link)
    if finding.path is None or not ends:
        return ()
    if kind is Kind.CLIENT_LINK:
        return tuple(words for words in (host.log, requests(host)[0]) if words is not None)
    if kind is Kind.SERVER_LINK:
        return requests(host)
    return _renewals(finding.path, host) if kind is not Kind.CA else ()


def requests(host: Host) -> tuple[Words, Words]:
    """Return how the requests for certificates are listed, and one of them approved."""
    return ((*host.kubectl, "get", "csr"), (*host.kubectl, "certificate", "approve", "NAME"))


def user_of(finding: Finding, state: PathState | None) -> str | None:
    """Return the entry of the kubeconfig's user that *finding* is about, or the first whose certificate is embedded."""
    entries = [each.entry for each in state.certificates] if state is not None else []
    return next((each for each in (finding.entry, *entries) if (each or "").startswith(_USER)), None)


def name_the_link(entry: str | None, path: str | None, host: Host, link: str | None) -> tuple[Words, ...]:
    """Return how the user *entry* of the kubeconfig at *path* is told to follow the kubelet's *link*."""
    user = (entry or "").removeprefix(_USER)
    pair = (f"--client-certificate={link}", f"--client-key={link}", "--embed-certs=false")
    command = ("kubectl", "config", "set-credentials", user, f"--kubeconfig={path}", *pair)
    restart = () if host.restart is None else (host.restart,)
    return (command, *restart) if user and link is not None else ()


def _renewals(path: str, host: Host) -> tuple[Words, ...]:
    distribution = distribution_of(path)
    if distribution is Distribution.KUBEADM:
        name = next((name for end, name in _KUBEADM.items() if path.endswith(end)), None)
        return () if name is None else (("kubeadm", "certs", "renew", name),)
    if distribution in {Distribution.K3S, Distribution.RKE2}:
        program = str(distribution)
        unit = host.unit if (host.unit or "").startswith(program) else None
        unit = unit or {"k3s": "k3s", "rke2": "rke2-server"}[program]
        rotate = (program, "certificate", "rotate")
        return (("systemctl", "stop", unit), rotate, ("systemctl", "start", unit))
    if distribution is Distribution.MICROK8S and label_name(path) in _MICROK8S:
        return (("microk8s", "refresh-certs", "--cert", label_name(path)),)
    return ()
