"""Where distributions keep their PKI."""

import pytest

from kubepki.config.presets import NAMES, PresetSources, expand
from kubepki.config.revisions import newest_revisions
from kubepki.settings import Directory, FilePattern, Kubeconfig

DISTRIBUTIONS = ("kubeadm", "kubespray", "k3s", "rke2", "k0s", "microk8s", "openshift", "eks", "gke", "aks", "talos")
PODS = "/etc/kubernetes/static-pod-resources"


def _nothing(_path: str) -> bool:
    return False


def test_the_presets_are_those_of_the_contract() -> None:
    """A new one has to be documented and tested."""
    assert (*DISTRIBUTIONS, "auto") == NAMES


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_a_preset_names_absolute_paths_and_expects_none(name: str) -> None:
    """Directories are not explicit, files are globs, kubeconfigs are optional."""
    sources = expand([name], _nothing)
    assert sources.directories or sources.files
    assert not any(directory.explicit for directory in sources.directories)
    assert all(pattern.wildcard for pattern in sources.files)
    assert all(kubeconfig.optional for kubeconfig in sources.kubeconfigs)
    paths = (
        *(directory.path for directory in sources.directories),
        *(pattern.pattern for pattern in sources.files),
        *(kubeconfig.path for kubeconfig in sources.kubeconfigs),
        *sources.revisioned,
    )
    assert all(path.startswith("/") and not path.endswith("/") and "//" not in path for path in paths)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("kubeadm", "/etc/kubernetes/pki/etcd/healthcheck-client.crt"),
        ("kubeadm", "/etc/kubernetes/super-admin.conf"),
        ("kubespray", "/etc/ssl/etcd/ssl"),
        ("k3s", "/var/lib/rancher/k3s/agent/client-kubelet.crt"),
        ("k3s", "/etc/rancher/k3s/k3s.yaml"),
        ("rke2", "/var/lib/rancher/rke2/server/tls/**/*.crt"),
        ("k0s", "/var/lib/k0s/kubelet/pki"),
        ("microk8s", "/var/snap/microk8s/current/credentials/kubelet.config"),
        ("openshift", f"{PODS}/**/*.crt"),
        ("eks", "/var/lib/kubelet/kubeconfig"),
        ("gke", "/etc/srv/kubernetes/pki/*.crt"),
        ("aks", "/etc/kubernetes/certs/kubeletserver.crt"),
        ("talos", "/system/secrets/etcd/**/*.crt"),
    ],
)
def test_a_preset_takes_in_what_is_characteristic(name: str, path: str) -> None:
    """One path of each distribution that no default has."""
    sources = expand([name], _nothing)
    assert path in {
        *(directory.path for directory in sources.directories),
        *(pattern.pattern for pattern in sources.files),
        *(kubeconfig.path for kubeconfig in sources.kubeconfigs),
    }


def test_auto_takes_what_the_host_has() -> None:
    """Nothing on an empty host, one preset for its mark, and two where both are there."""
    assert expand(["auto"], _nothing) == PresetSources()
    assert expand(["auto"], "/var/lib/rancher/k3s".__eq__) == expand(["k3s"], _nothing)
    both = {"/var/lib/k0s", "/system/secrets/etcd"}
    assert expand(["auto"], both.__contains__) == expand(["k0s", "talos"], _nothing)


def test_a_named_preset_does_not_ask_the_disk() -> None:
    """Its paths may appear later."""

    def refuse(path: str) -> bool:
        raise AssertionError(path)

    assert expand(["kubeadm"], refuse).directories == (Directory(path="/var/lib/kubelet/pki", explicit=False),)


def test_what_several_presets_share_is_named_once() -> None:
    """One path is one source."""
    sources = expand(["kubeadm", "kubespray", "kubeadm", "aks"], _nothing)
    assert len(set(sources.directories)) == len(sources.directories)
    assert len(set(sources.kubeconfigs)) == len(sources.kubeconfigs) == 6
    assert Kubeconfig(path="/etc/kubernetes/kubelet.conf", optional=True) in sources.kubeconfigs
    assert FilePattern(pattern="/etc/kubernetes/pki/ca.crt", wildcard=True) in sources.files


def test_an_unknown_preset_is_an_error() -> None:
    """The configuration refuses it earlier."""
    with pytest.raises(KeyError):
        expand(["nowhere"], _nothing)


def test_only_the_newest_revision_is_live() -> None:
    """Revisions are numbers, each name has its own, and what has none is live."""
    live = {
        f"{PODS}/kube-apiserver-pod-10/secrets/a/tls.crt",
        f"{PODS}/kube-apiserver-pod-10/configmaps/ca-bundle.crt",
        f"{PODS}/etcd-pod-3/tls.crt",
        f"{PODS}/kube-apiserver-certs/secrets/a/tls.crt",
        f"{PODS}/loose-9.crt",
        "/etc/other-1/tls.crt",
        "/etc/other-2/tls.crt",
    }
    old = {f"{PODS}/kube-apiserver-pod-9/secrets/a/tls.crt", f"{PODS}/etcd-pod-1/tls.crt"}
    assert newest_revisions(live | old, [PODS]) == live


def test_what_is_staged_is_never_live() -> None:
    """library-go writes a directory beside its place and swaps them: a power cut leaves what was replaced."""
    live = {f"{PODS}/kube-apiserver-certs/secrets/a/tls.crt", f"{PODS}/kube-apiserver-pod-9/secrets/a/tls.crt"}
    staged = {
        f"{PODS}/kube-apiserver-certs/staging/cert-sync/secrets/a/tls.crt",
        f"{PODS}/kube-apiserver-pod-10/staging/installer/secrets/a/tls.crt",
    }
    assert newest_revisions(live | staged, [PODS]) == live
    elsewhere = {"/etc/staging/a/tls.crt"}
    assert newest_revisions(elsewhere, [PODS]) == elsewhere


def test_without_a_revisioned_root_everything_is_live() -> None:
    """A directory named like a revision elsewhere means nothing."""
    paths = {"/etc/pki-1/a.crt", "/etc/pki-2/a.crt"}
    assert newest_revisions(paths, []) == paths
    assert newest_revisions([], [PODS]) == frozenset()
