"""What kind of file a path is, and which distribution keeps it: the columns of the table of advice. Pure."""

from enum import StrEnum

from kubepki.model import PathState, Usage

_CERTIFICATE_SUFFIXES = (".pem", ".crt", ".cer", ".der", ".p12", ".pfx")
_CURRENT = "-current.pem"


class Kind(StrEnum):
    """What a path is to whom it belongs to."""

    CLIENT_LINK = "client link"
    SERVER_LINK = "serving link"
    LINK = "link"
    KUBECONFIG = "kubeconfig"
    CA = "ca"
    FILE = "file"
    HOST = "host"

    @property
    def is_link(self) -> bool:
        """Whether `rollback` can repair it."""
        return self in {Kind.CLIENT_LINK, Kind.SERVER_LINK, Kind.LINK}


class Distribution(StrEnum):
    """Who issued a file, by where it is; the paths are those of the presets."""

    KUBEADM = "kubeadm"
    K3S = "k3s"
    RKE2 = "rke2"
    K0S = "k0s"
    MICROK8S = "microk8s"
    OTHER = "other"


_ROOTS = {
    "/var/lib/rancher/k3s/": Distribution.K3S,
    "/etc/rancher/k3s/": Distribution.K3S,
    "/var/lib/rancher/rke2/": Distribution.RKE2,
    "/etc/rancher/rke2/": Distribution.RKE2,
    "/var/lib/k0s/": Distribution.K0S,
    "/var/snap/microk8s/": Distribution.MICROK8S,
    "/etc/kubernetes/pki/": Distribution.KUBEADM,
}
_KUBEADM_KUBECONFIGS = frozenset(
    f"/etc/kubernetes/{name}.conf" for name in ("admin", "super-admin", "controller-manager", "scheduler")
)


def kind_of(path: str | None, state: PathState | None = None, entry: str | None = None) -> Kind:
    """Return the kind of *path*, whose *state* says what its certificate *entry* is for; None is the host itself."""
    if path is None:
        return Kind.HOST
    name = path.rpartition("/")[2]
    if name.endswith(_CURRENT):
        known = {"kubelet-client-current.pem": Kind.CLIENT_LINK, "kubelet-server-current.pem": Kind.SERVER_LINK}
        return known.get(name, Kind.LINK)
    certificates = state.certificates if state is not None else ()
    usage = next((each.usage for each in certificates if each.entry == entry), None)
    if usage is Usage.CA:
        return Kind.CA
    if (entry or "").startswith(("user/", "cluster/")) or not name.lower().endswith(_CERTIFICATE_SUFFIXES):
        return Kind.KUBECONFIG if "." in name or (entry or "0") != "0" else Kind.FILE
    return Kind.FILE


def distribution_of(path: str | None) -> Distribution:
    """Return who issued the file at *path*."""
    if path in _KUBEADM_KUBECONFIGS:
        return Distribution.KUBEADM
    return next((found for root, found in _ROOTS.items() if (path or "").startswith(root)), Distribution.OTHER)
