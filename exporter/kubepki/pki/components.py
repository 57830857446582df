"""Which configurations of components this host has, and which CAs they name."""

import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from kubepki.config.paths import escape_glob
from kubepki.formats.components import CLIENT_CA, CONFIGURATIONS, DROP_INS, Component, NamedFile

# The kubelet reads drop-ins that end in `.conf` alone (its documentation, "kubelet configuration directory").
_DROP_INS = tuple(f"{name}.d/*.conf" for name in ("kubelet.conf", "kubelet-config", "config.yaml", "config.json"))
_BESIDE_A_KUBECONFIG = (
    *(f"manifests/*.{suffix}" for suffix in ("yaml", "yml", "json", "manifest")),
    "kubelet-config.yaml",
    "kubelet.yaml",
    "kubelet.conf",
    *_DROP_INS,
)
_ABOVE_A_DIRECTORY = (
    "config.yaml",
    "kubelet-config.yaml",
    "kubelet-config.json",
    "config.json",
    # kubeadm's, for its kubelet.
    "kubeadm-flags.env",
    *_DROP_INS,
)
# Where units and packages keep the flags of a kubelet or an API server that is no static pod.
_OF_UNITS = (
    *(
        f"{root}/{unit}.service{place}"
        for root in ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
        for unit in ("kubelet", "kube-apiserver")
        for place in ("", ".d/*.conf")
    ),
    "/etc/default/kubelet",
    "/etc/sysconfig/kubelet",
)
# kubeadm's layout: the CA of its cluster, by which the API server and the kubelets verify their clients.
_CA_BESIDE_A_KUBECONFIG = "pki/ca.crt"
_API_SERVER, _KUBELET = "kube-apiserver", "kubelet"
_READ_BY_ETCD = frozenset({"etcd-cafile", "peer-trusted-ca-file", "trusted-ca-file"})
_MOST_CONFIGURATIONS = 64
_MOST_AUTHORITIES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedAuthority:
    """A CA file that a component of this host names, or that its distribution keeps for it; `by` is who does.

    `clients` means that clients are verified by it, `decisive` that the API server itself says so, `etcd` that etcd's
    own reader reads it (go.etcd.io/etcd/client/pkg/v3/tlsutil), which the API server has for etcd's CA, too.
    """

    path: str
    by: str
    clients: bool = False
    decisive: bool = False
    etcd: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """What the configurations on this host name; `directories` are those in which a change would change it.

    `drop_ins` are globs of further ones that they name.
    """

    authorities: tuple[NamedAuthority, ...] = ()
    directories: frozenset[str] = frozenset()
    drop_ins: frozenset[str] = frozenset()


Read = Callable[[Sequence[str]], Mapping[str, Component]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where configurations may lie: beside `kubeconfigs`, above `directories`, and where globs (`patterns`) find them.

    What is in `known` is read elsewhere and no such configuration. `layouts` are CA files by which a distribution
    verifies clients.
    """

    kubeconfigs: tuple[str, ...]
    directories: tuple[str, ...]
    patterns: tuple[str, ...] = ()
    layouts: tuple[str, ...] = ()
    known: frozenset[str] = frozenset()


def patterns_of(places: Places) -> tuple[str, ...]:
    """Return the globs of the configurations that may lie in *places*."""
    return tuple(
        dict.fromkeys(
            (
                *places.patterns,
                *(f"{_parent(path)}/{name}" for path in places.directories for name in _ABOVE_A_DIRECTORY),
                *(f"{_parent(path)}/{name}" for path in places.kubeconfigs for name in _BESIDE_A_KUBECONFIG),
                *(_OF_UNITS if places.directories or places.kubeconfigs else ()),
            )
        )
    )


def configured(places: Places, found: Sequence[str], read: Read) -> Configured:
    """Return what the configurations at the paths *found* name; *read* gives the contents of those that can be read."""
    paths = [path for path in dict.fromkeys(found) if path not in places.known][:_MOST_CONFIGURATIONS]
    components = read(paths)
    named_by = [(path, each, named) for path, each in components.items() for named in each.files]
    further = read(sorted({named.path for _, _, named in named_by if named.flag in CONFIGURATIONS} - {*paths}))
    authorities: dict[str, NamedAuthority] = {}
    for path, component, named in named_by:
        if named.flag not in CONFIGURATIONS and named.flag != DROP_INS:
            _take(authorities, _authority(path, named, named.path))
        for each in further[named.path].files if named.flag in CONFIGURATIONS and named.path in further else ():
            if each.flag not in CONFIGURATIONS and each.flag != DROP_INS:
                owned = replace(each, program=each.program or named.program)
                _take(authorities, _authority(named.path, owned, component.outside(each.path)))
    known = (*places.layouts, *(f"{_parent(path)}/{_CA_BESIDE_A_KUBECONFIG}" for path in places.kubeconfigs))
    for path in dict.fromkeys(known):
        _take(authorities, NamedAuthority(path=path, by="its layout", clients=True))
    return Configured(
        authorities=tuple(authorities.values())[:_MOST_AUTHORITIES],
        directories=frozenset(_parent(path) or "/" for path in components),
        drop_ins=frozenset(
            f"{escape_glob(named.path.rstrip('/'))}/*.conf"
            for _, _, named in named_by
            if named.flag == DROP_INS and named.path.startswith("/")
        ),
    )


def _authority(path: str, named: NamedFile, where: str) -> NamedAuthority | None:
    program = named.program or _program_of(path)
    # A snap's services expand it: its args lie in $SNAP_DATA/args.
    where = where.replace("${SNAP_DATA}", _parent(_parent(path)))
    if named.beside and not where.startswith("/"):
        where = posixpath.normpath(f"{_parent(path)}/{where}")
    if not where.startswith("/"):
        return None
    clients = named.flag == CLIENT_CA and program in {_API_SERVER, _KUBELET}
    spoken = {_API_SERVER: "the API server's --client-ca-file", _KUBELET: "the kubelet's clientCAFile"}
    by = spoken[program] if clients else f"--{named.flag} in {path}"
    decisive = clients and program == _API_SERVER
    return NamedAuthority(path=where, by=by, clients=clients, decisive=decisive, etcd=named.flag in _READ_BY_ETCD)


def _program_of(path: str) -> str:
    """Return whose flags the file *path* holds, which does not say it itself; empty where nothing does."""
    name = path.rpartition("/")[2]
    if name == "kubeadm-flags.env":
        return _KUBELET
    named = (each for each in (_API_SERVER, _KUBELET) if name == each or f"/{each}.service" in path)
    return next(named, "")


def _take(authorities: dict[str, NamedAuthority], named: NamedAuthority | None) -> None:
    if named is None:
        return
    known = authorities.get(named.path, named)
    better = named if (named.decisive, named.clients) > (known.decisive, known.clients) else known
    authorities[named.path] = replace(better, etcd=known.etcd or named.etcd)


def _parent(path: str) -> str:
    return path.rpartition("/")[0]
