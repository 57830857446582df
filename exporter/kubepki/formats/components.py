"""What the configuration of a component names: a static pod, a kubelet's configuration, flags in a unit or a file.

Rules of this module: pure; total: what is none of these names nothing. Only paths are read, and of them only those of
CAs and of further configurations. Sources: kube-apiserver's, kube-controller-manager's, etcd's and the kubelet's flags;
kubelet.config.k8s.io/v1beta1; OpenShift's KubeAPIServerConfig, whose arguments are flags.
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from kubepki.formats.yaml_tree import Tree, read_tree

CLIENT_CA = "client-ca-file"
CONFIGURATIONS = frozenset({"config", "openshift-config"})
_CA_FLAGS = frozenset(
    {
        CLIENT_CA,
        "etcd-cafile",
        "kubelet-certificate-authority",
        "peer-trusted-ca-file",
        "requestheader-client-ca-file",
        "root-ca-file",
        "trusted-ca-file",
        "cluster-signing-cert-file",
        "cluster-signing-kube-apiserver-client-cert-file",
        "cluster-signing-kubelet-client-cert-file",
        "cluster-signing-kubelet-serving-cert-file",
        "cluster-signing-legacy-unknown-cert-file",
    }
)
_PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd", "kubelet")
_FLAG = re.compile(
    r"""(?<![\w-])--?(?P<flag>[a-z][a-z0-9-]{0,63})(?:=|["',\s]{1,64})["']?(?P<value>[^\s"',;\\-][^\s"',;\\]*)"""
)
_VARIABLE = re.compile(r"""^[ \t]*(?:export[ \t]+)?(?:ETCD_)(?P<flag>[A-Z_]+)=["']?(?P<value>[^\s"']+)""", re.MULTILINE)
_MOST_FILES = 100
_MAX_TEXT = 1 << 18

_Mapping = dict[str, Tree]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFile:
    """A file that `program` (empty where the configuration does not say which) names with `flag`.

    `path` is the host's where the configuration says how it is mounted, else as written.
    """

    program: str
    flag: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A path of the host and where a container sees it."""

    inside: str
    outside: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """What one configuration names. `mounts` are those of its containers, for configurations that are read further."""

    files: tuple[NamedFile, ...] = ()
    mounts: tuple[Mount, ...] = ()

    def outside(self, path: str) -> str:
        """Return the host's path of what a container of this component sees as *path*."""
        return _outside(path, self.mounts)


def read_component(data: bytes) -> Component:
    """Return what the configuration *data* names; never raises."""
    tree = read_tree(data) if data[:1] != b"[" else None
    if isinstance(tree, dict) and isinstance(tree.get("kind"), str):
        return _of_kind(tree)
    text = data[:_MAX_TEXT].decode("utf-8", "replace")
    program = next((each for each in _PROGRAMS if re.search(rf"(?<![\w-]){each}(?![\w-])", text)), "")
    return Component(files=_files(program, text))


def _of_kind(tree: _Mapping) -> Component:
    kind = str(tree.get("kind"))
    if kind == "Pod":
        return _pod(_mapping(tree.get("spec")))
    if kind == "KubeletConfiguration":
        path = _mapping(_mapping(tree.get("authentication")).get("x509")).get("clientCAFile")
        named = NamedFile(program="kubelet", flag=CLIENT_CA, path=path) if isinstance(path, str) and path else None
        return Component(files=(named,) if named else ())
    if kind.endswith("Config"):
        program = "kube-apiserver" if kind == "KubeAPIServerConfig" else ""
        arguments = _mapping(tree.get("apiServerArguments")) | _mapping(tree.get("extendedArguments"))
        return Component(files=_files(program, " ".join(_arguments(arguments))))
    return Component()


def _pod(spec: _Mapping) -> Component:
    volumes = {
        volume["name"]: _mapping(volume.get("hostPath")).get("path")
        for volume in map(_mapping, _list(spec.get("volumes")))
        if isinstance(volume.get("name"), str)
    }
    named: list[NamedFile] = []
    every: list[Mount] = []
    for container in map(_mapping, _list(spec.get("containers"))):
        mounts = tuple(_mounts(container, volumes))
        every += mounts
        words = [word for part in ("command", "args") for word in _list(container.get(part)) if isinstance(word, str)]
        text = " ".join(words)[:_MAX_TEXT]
        program = _program(container.get("name"), words)
        named += [
            NamedFile(program=each.program, flag=each.flag, path=_outside(each.path, mounts))
            for each in _files(program, text)
        ]
    return Component(files=tuple(named[:_MOST_FILES]), mounts=tuple(every[:_MOST_FILES]))


def _program(name: Tree, words: list[str]) -> str:
    first = posixpath.basename(words[0]) if words else ""
    if first in _PROGRAMS:
        return first
    return next((each for each in _PROGRAMS if each == name), "")


def _mounts(container: _Mapping, volumes: dict[Tree, Tree]) -> Iterator[Mount]:
    for mount in map(_mapping, _list(container.get("volumeMounts"))):
        inside, below = mount.get("mountPath"), mount.get("subPath")
        name = mount.get("name")
        outside = volumes.get(name) if isinstance(name, str) else None
        if isinstance(inside, str) and isinstance(outside, str):
            yield Mount(inside=inside, outside=posixpath.join(outside, below) if isinstance(below, str) else outside)


def _outside(path: str, mounts: tuple[Mount, ...]) -> str:
    for mount in sorted(mounts, key=lambda each: -len(each.inside)):
        inside = mount.inside.rstrip("/")
        if path == inside or path.startswith(f"{inside}/"):
            return mount.outside.rstrip("/") + path[len(inside) :]
    return path


def _arguments(arguments: _Mapping) -> Iterator[str]:
    for flag, values in arguments.items():
        for value in _list(values):
            if isinstance(value, str):
                yield f"--{flag}={value}"


def _files(program: str, text: str) -> tuple[NamedFile, ...]:
    pairs = [(each["flag"], each["value"]) for each in _FLAG.finditer(text)]
    pairs += [(each["flag"].lower().replace("_", "-"), each["value"]) for each in _VARIABLE.finditer(text)]
    wanted = _CA_FLAGS | CONFIGURATIONS
    named = [NamedFile(program=program, flag=flag, path=value) for flag, value in pairs if flag in wanted]
    return tuple(dict.fromkeys(named))[:_MOST_FILES]


def _mapping(value: Tree) -> _Mapping:
    return value if isinstance(value, dict) else {}


def _list(value: Tree) -> list[Tree]:
    return value if isinstance(value, list) else []
