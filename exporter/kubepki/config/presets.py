"""Where the distributions keep their PKI.

Rules of this module: names and paths only; whether a path exists is asked of the caller. What a preset names is
never expected: every glob may find nothing, every kubeconfig is optional, every directory may be absent.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kubepki.config.paths import is_glob
from kubepki.settings import DEFAULT_DIRECTORY, DEFAULT_KUBECONFIG, Directory, FilePattern, Kubeconfig

AUTO = "auto"
_KUBEADM_CONFS = tuple(
    f"/etc/kubernetes/{name}.conf" for name in ("kubelet", "admin", "super-admin", "controller-manager", "scheduler")
)
_KUBEADM_NAMES = (
    "ca",
    "apiserver",
    "apiserver-etcd-client",
    "apiserver-kubelet-client",
    "front-proxy-ca",
    "front-proxy-client",
    "etcd/ca",
    "etcd/server",
    "etcd/peer",
    "etcd/healthcheck-client",
)
_MANIFESTS = "/etc/kubernetes/manifests/*.yaml"
_STATIC_PODS = "/etc/kubernetes/static-pod-resources"


@dataclass(frozen=True, slots=True, kw_only=True)
class PresetSources:
    """What presets add to the sources of the settings, without repetition.

    `revisioned` are directories whose `NAME-REVISION` sub-directories replace each other: of the files found below
    them only those of `revisions.newest_revisions` are current.
    """

    directories: tuple[Directory, ...] = ()
    files: tuple[FilePattern, ...] = ()
    kubeconfigs: tuple[Kubeconfig, ...] = ()
    revisioned: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    authorities: tuple[str, ...] = ()
    trust_stores: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Preset:
    """`marks` are the paths of which one is enough for `auto` to take the preset.

    `components`, `authorities` and `trust_stores` as in `Sources`.
    """

    marks: tuple[str, ...]
    directories: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    kubeconfigs: tuple[str, ...] = ()
    revisioned: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    authorities: tuple[str, ...] = ()
    trust_stores: tuple[str, ...] = ()


def _rancher(name: str) -> _Preset:
    root = f"/var/lib/rancher/{name}"
    return _Preset(
        marks=(root,),
        files=(
            f"{root}/agent/client-kubelet.crt",
            f"{root}/agent/serving-kubelet.crt",
            f"{root}/agent/*.crt",
            f"{root}/server/tls/**/*.crt",
        ),
        kubeconfigs=(
            f"/etc/rancher/{name}/{name}.yaml",
            *(f"{root}/agent/{user}.kubeconfig" for user in ("kubelet", "kubeproxy", "k3scontroller")),
            f"{root}/agent/*.kubeconfig",
            *(
                f"{root}/server/cred/{user}.kubeconfig"
                for user in ("admin", "supervisor", "api-server", "controller", "scheduler", "cloud-controller")
            ),
            f"{root}/server/cred/*.kubeconfig",
        ),
        components=(f"{root}/agent/etc/kubelet.conf.d/*.conf", f"{root}/agent/pod-manifests/*.yaml"),
        authorities=(f"{root}/server/tls/client-ca.crt", f"{root}/agent/client-ca.crt"),
    )


_PRESETS = {
    "kubeadm": _Preset(
        marks=(DEFAULT_KUBECONFIG, "/etc/kubernetes/pki"),
        directories=(DEFAULT_DIRECTORY,),
        files=tuple(f"/etc/kubernetes/pki/{name}.crt" for name in _KUBEADM_NAMES),
        kubeconfigs=_KUBEADM_CONFS,
        components=(_MANIFESTS, "/var/lib/kubelet/config.yaml"),
        authorities=("/etc/kubernetes/pki/ca.crt",),
    ),
    "kubespray": _Preset(
        marks=("/etc/kubernetes/ssl", "/etc/ssl/etcd/ssl"),
        directories=(DEFAULT_DIRECTORY, "/etc/kubernetes/ssl", "/etc/ssl/etcd/ssl"),
        kubeconfigs=_KUBEADM_CONFS,
        components=(_MANIFESTS, "/etc/kubernetes/kubelet-config.yaml", "/etc/etcd.env"),
        authorities=("/etc/kubernetes/ssl/ca.crt",),
    ),
    "k3s": _rancher("k3s"),
    "rke2": _rancher("rke2"),
    "k0s": _Preset(
        marks=("/var/lib/k0s",),
        directories=("/var/lib/k0s/kubelet/pki",),
        files=("/var/lib/k0s/pki/**/*.crt",),
        kubeconfigs=(
            "/var/lib/k0s/kubelet.conf",
            *(f"/var/lib/k0s/pki/{name}.conf" for name in ("admin", "ccm", "scheduler", "konnectivity")),
            "/var/lib/k0s/pki/*.conf",
        ),
        components=("/var/lib/k0s/kubelet-config.yaml",),
        authorities=("/var/lib/k0s/pki/ca.crt",),
    ),
    "microk8s": _Preset(
        marks=("/var/snap/microk8s/current",),
        files=(
            *(f"/var/snap/microk8s/current/certs/{name}.crt" for name in ("ca", "server", "kubelet")),
            "/var/snap/microk8s/current/certs/*.crt",
        ),
        kubeconfigs=(
            *(
                f"/var/snap/microk8s/current/credentials/{name}.config"
                for name in ("client", "controller", "kubelet", "proxy", "scheduler")
            ),
            "/var/snap/microk8s/current/credentials/*.config",
        ),
        components=("/var/snap/microk8s/current/args/kube-apiserver", "/var/snap/microk8s/current/args/kubelet"),
        authorities=("/var/snap/microk8s/current/certs/ca.crt",),
    ),
    "openshift": _Preset(
        marks=("/etc/kubernetes/kubelet-ca.crt", _STATIC_PODS),
        directories=(DEFAULT_DIRECTORY,),
        files=("/etc/kubernetes/kubelet-ca.crt", "/etc/kubernetes/ca.crt", f"{_STATIC_PODS}/**/*.crt"),
        kubeconfigs=(
            "/etc/kubernetes/kubeconfig",
            "/var/lib/kubelet/kubeconfig",
            f"{_STATIC_PODS}/kube-apiserver-certs/secrets/node-kubeconfigs/*.kubeconfig",
        ),
        revisioned=(_STATIC_PODS,),
        components=(_MANIFESTS, "/etc/kubernetes/kubelet.conf"),
        authorities=(
            f"{_STATIC_PODS}/kube-apiserver-certs/configmaps/client-ca/ca-bundle.crt",
            "/etc/kubernetes/kubelet-ca.crt",
        ),
        trust_stores=(f"{_STATIC_PODS}/**/trusted-ca-bundle/*",),
    ),
    "eks": _Preset(
        marks=("/etc/kubernetes/kubelet",),
        directories=(DEFAULT_DIRECTORY,),
        files=("/etc/kubernetes/pki/ca.crt",),
        kubeconfigs=("/var/lib/kubelet/kubeconfig",),
        components=tuple(
            f"/etc/kubernetes/kubelet/{name}" for name in ("config.json", "config.json.d/*.conf", "kubelet-config.json")
        ),
        authorities=("/etc/kubernetes/pki/ca.crt",),
    ),
    "gke": _Preset(
        marks=("/etc/srv/kubernetes/pki",),
        directories=(DEFAULT_DIRECTORY,),
        files=("/etc/srv/kubernetes/pki/*.crt",),
        kubeconfigs=("/var/lib/kubelet/kubeconfig",),
        components=("/etc/default/kubelet",),
        authorities=("/etc/srv/kubernetes/pki/ca-certificates.crt",),
    ),
    "aks": _Preset(
        # With rotated serving certificates there is no other of the two.
        marks=("/etc/kubernetes/certs/kubeletserver.crt", "/etc/kubernetes/certs/ca.crt"),
        directories=(DEFAULT_DIRECTORY,),
        files=("/etc/kubernetes/certs/kubeletserver.crt", "/etc/kubernetes/certs/*.crt"),
        kubeconfigs=("/var/lib/kubelet/kubeconfig",),
        components=("/etc/default/kubelet", "/etc/default/kubeletconfig.json"),
        authorities=("/etc/kubernetes/certs/ca.crt",),
    ),
    "talos": _Preset(
        marks=("/system/secrets/kubernetes", "/system/secrets/etcd"),
        directories=(DEFAULT_DIRECTORY,),
        files=("/system/secrets/kubernetes/**/*.crt", "/system/secrets/etcd/**/*.crt"),
        kubeconfigs=(
            "/etc/kubernetes/kubeconfig-kubelet",
            *(f"/system/secrets/kubernetes/kube-{name}/kubeconfig" for name in ("controller-manager", "scheduler")),
        ),
        components=(_MANIFESTS, "/etc/kubernetes/kubelet.yaml"),
        authorities=("/etc/kubernetes/pki/ca.crt", "/system/secrets/kubernetes/kube-apiserver/ca.crt"),
    ),
}
NAMES = (*_PRESETS, AUTO)
# They keep their CA in kubeadm's directory, and have nothing else of it.
_SAME_DIRECTORY = frozenset({"eks", "talos"})


def expand(names: Iterable[str], exists: Callable[[str], bool]) -> PresetSources:
    """Return the sources of the presets *names*; `auto` stands for each preset of which *exists* knows a mark.

    Raises KeyError for a name that is not in `NAMES`.
    """
    chosen: dict[str, _Preset] = {}
    for name in names:
        if name == AUTO:
            chosen |= {found: _PRESETS[found] for found in recognised(exists)}
        else:
            chosen[name] = _PRESETS[name]
    presets = tuple(chosen.values())
    return PresetSources(
        directories=tuple(
            Directory(path=path, explicit=False) for path in _once(preset.directories for preset in presets)
        ),
        files=tuple(FilePattern(pattern=path, wildcard=True) for path in _once(preset.files for preset in presets)),
        kubeconfigs=tuple(
            Kubeconfig(path=path, optional=True) for path in _once(preset.kubeconfigs for preset in presets)
        ),
        revisioned=_once(preset.revisioned for preset in presets),
        components=_once(preset.components for preset in presets),
        authorities=_once(preset.authorities for preset in presets),
        trust_stores=_once(preset.trust_stores for preset in presets),
    )


def named(names: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the kubeconfigs and the files that the presets *names* name without a wildcard; `auto` stands for all.

    Raises KeyError for a name that is not in `NAMES`.
    """
    names = tuple(names)
    chosen = _PRESETS.values() if AUTO in names else [_PRESETS[name] for name in names]
    kubeconfigs = {path for preset in chosen for path in preset.kubeconfigs if not is_glob(path)}
    return frozenset(kubeconfigs), frozenset(path for preset in chosen for path in preset.files if not is_glob(path))


def marks() -> tuple[str, ...]:
    """Return the paths of which `recognised` asks."""
    return _once(preset.marks for preset in _PRESETS.values())


def recognised(exists: Callable[[str], bool]) -> tuple[str, ...]:
    """Return the names of the distributions of which *exists* knows a mark."""
    found = tuple(name for name, preset in _PRESETS.items() if any(map(exists, preset.marks)))
    if _SAME_DIRECTORY.isdisjoint(found) or exists(DEFAULT_KUBECONFIG):
        return found
    return tuple(name for name in found if name != "kubeadm")


def _once(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(path for group in groups for path in group))
