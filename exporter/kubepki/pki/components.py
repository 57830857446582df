"""Which configurations of components this host has, and which CAs they name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kubepki.formats.components import CLIENT_CA, CONFIGURATIONS, Component, NamedFile

_BESIDE_A_KUBECONFIG = (
    "manifests/*.yaml",
    "manifests/*.yml",
    "manifests/*.json",
    "kubelet-config.yaml",
    "kubelet.yaml",
    "kubelet.conf",
)
_ABOVE_A_DIRECTORY = ("config.yaml", "kubelet-config.yaml", "kubelet-config.json", "config.json")
# kubeadm's layout: the CA of its cluster, by which the API server and the kubelets verify their clients.
_CA_BESIDE_A_KUBECONFIG = "pki/ca.crt"
_API_SERVER, _KUBELET = "kube-apiserver", "kubelet"
_MOST_CONFIGURATIONS = 64
_MOST_AUTHORITIES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedAuthority:
    """A CA file that a component of this host names, or that its distribution keeps for it; `by` is who does.

    `clients` means that clients are verified by it, `decisive` that the API server itself says so.
    """

    path: str
    by: str
    clients: bool = False
    decisive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """What the configurations on this host name; `directories` are those in which a change would change it."""

    authorities: tuple[NamedAuthority, ...] = ()
    directories: frozenset[str] = frozenset()


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
        if named.flag not in CONFIGURATIONS:
            _take(authorities, _authority(path, named, named.path))
        for each in further[named.path].files if named.flag in CONFIGURATIONS and named.path in further else ():
            if each.flag not in CONFIGURATIONS:
                owned = NamedFile(program=each.program or named.program, flag=each.flag, path=each.path)
                _take(authorities, _authority(named.path, owned, component.outside(each.path)))
    known = (*places.layouts, *(f"{_parent(path)}/{_CA_BESIDE_A_KUBECONFIG}" for path in places.kubeconfigs))
    for path in dict.fromkeys(known):
        _take(authorities, NamedAuthority(path=path, by="its layout", clients=True))
    return Configured(
        authorities=tuple(authorities.values())[:_MOST_AUTHORITIES],
        directories=frozenset(_parent(path) or "/" for path in components),
    )


def _authority(path: str, named: NamedFile, where: str) -> NamedAuthority | None:
    name = path.rpartition("/")[2]
    program = named.program or (name if name in {_API_SERVER, _KUBELET} else "")
    # A snap's services expand it: its args lie in $SNAP_DATA/args.
    where = where.replace("${SNAP_DATA}", _parent(_parent(path)))
    if not where.startswith("/"):
        return None
    clients = named.flag == CLIENT_CA and program in {_API_SERVER, _KUBELET}
    spoken = {_API_SERVER: "the API server's --client-ca-file", _KUBELET: "the kubelet's clientCAFile"}
    by = spoken[program] if clients else f"--{named.flag} in {path}"
    return NamedAuthority(path=where, by=by, clients=clients, decisive=clients and program == _API_SERVER)


def _take(authorities: dict[str, NamedAuthority], named: NamedAuthority | None) -> None:
    known = authorities.get(named.path) if named else None
    if named is not None and (known is None or (named.decisive, named.clients) > (known.decisive, known.clients)):
        authorities[named.path] = named


def _parent(path: str) -> str:
    return path.rpartition("/")[0]
