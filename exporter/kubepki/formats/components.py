"""What the configuration of a component names: a static pod, a kubelet's configuration, flags in a unit or a file.

Rules of this module: pure; total: what is none of these names nothing. Only paths are read, and of them only those of
CAs and of further configurations. Sources: kube-apiserver's, kube-controller-manager's, etcd's and the kubelet's flags;
kubelet.config.k8s.io/v1beta1; OpenShift's KubeAPIServerConfig, whose arguments are flags.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from kubepki.formats.yaml_tree import Tree, read_tree

CLIENT_CA = "client-ca-file"
CONFIGURATIONS = frozenset({"config", "openshift-config"})
# The directory of the kubelet's drop-ins.
DROP_INS = "config-dir"
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
_WANTED = _CA_FLAGS | CONFIGURATIONS | {DROP_INS}
_PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd", "kubelet")
# As images, architectures and hyperkube name them.
_PROGRAM = re.compile(
    rf"(?:kubernetes-)?(?:hyperkube )?(?P<name>{'|'.join(_PROGRAMS)})(?:[-_](?:linux|amd64|arm64|s390x|ppc64le))*"
)
_VALUE = re.compile(r"--?(?P<flag>[a-z][a-z0-9-]{0,63})(?:=(?P<value>.*))?", re.DOTALL)
_EXPANDED = re.compile(r"\$(?:\((?P<round>\w+)\)|\{(?P<curly>\w+)\}|(?P<bare>\w+))")
_FLAG = re.compile(
    r"""(?<![\w-])--?(?P<flag>[a-z][a-z0-9-]{0,63})(?:=|["',\s]{1,64})["']?(?P<value>[^\s"',;\\-][^\s"',;\\]*)"""
)
_VARIABLE = re.compile(r"""^[ \t]*(?:export[ \t]+)?(?:ETCD_)(?P<flag>[A-Z_]+)=["']?(?P<value>[^\s"']+)""", re.MULTILINE)
_MOST_FILES = 100
_MOST_WORDS = 1_000
_MAX_TEXT = 1 << 18

_Mapping = dict[str, Tree]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFile:
    """A file that `program` (empty where the configuration does not say which) names with `flag`.

    `path` is the host's where the configuration says how it is mounted, else as written. `beside` means that it is
    taken from the directory of the configuration where it is relative.
    """

    program: str
    flag: str
    path: str
    beside: bool = False


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
    return Component(files=_files(program, _in_text(text)))


def _of_kind(tree: _Mapping) -> Component:
    kind = str(tree.get("kind"))
    if kind == "Pod":
        return _pod(_mapping(tree.get("spec")))
    if kind == "KubeletConfiguration":
        path = _mapping(_mapping(tree.get("authentication")).get("x509")).get("clientCAFile")
        if not isinstance(path, str) or not path:
            return Component()
        # pkg/kubelet/kubeletconfig/configfiles: relative to the file.
        return Component(files=(NamedFile(program="kubelet", flag=CLIENT_CA, path=path, beside=True),))
    if kind.endswith("Config"):
        program = "kube-apiserver" if kind == "KubeAPIServerConfig" else ""
        arguments = _mapping(tree.get("apiServerArguments")) | _mapping(tree.get("extendedArguments"))
        return Component(files=_files(program, _in_words(list(_arguments(arguments)))))
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
        known = {each.get("name"): each.get("value") for each in map(_mapping, _list(container.get("env")))}
        parts = [word for part in ("command", "args") for word in _list(container.get(part))]
        words = [_expanded(word, known)[:_MAX_TEXT] for word in parts if isinstance(word, str)][:_MOST_WORDS]
        program = _program(container, words)
        named += [
            NamedFile(program=each.program, flag=each.flag, path=_outside(each.path, mounts))
            for each in _files(program, _in_words(words))
        ]
    return Component(files=tuple(named[:_MOST_FILES]), mounts=tuple(every[:_MOST_FILES]))


def _program(container: _Mapping, words: list[str]) -> str:
    """Return what runs: the command's own name, the container's, what a shell's line or the image says."""
    first = posixpath.basename(words[0]) if words else ""
    name, image = container.get("name"), container.get("image")
    shown = re.split(r"[:@]", posixpath.basename(image))[0] if isinstance(image, str) else ""
    second = f"{first} {words[1]}" if words[1:] else ""
    for each in (first, second, name if isinstance(name, str) else ""):
        if match := _PROGRAM.fullmatch(each):
            return match["name"]
    in_line = (re.search(rf"(?<![\w-]){each}(?![\w-])", word) for each in _PROGRAMS for word in words if " " in word)
    found = next((match[0] for match in in_line if match), "")
    match = _PROGRAM.fullmatch(shown)
    return found or (match["name"] if match else "")


def _expanded(word: str, known: Mapping[Tree, Tree]) -> str:
    """Return *word* with the container's own variables, as Kubernetes and a shell write them."""

    def value(match: re.Match[str]) -> str:
        found = known.get(match["round"] or match["curly"] or match["bare"])
        return found if isinstance(found, str) else match[0]

    return _EXPANDED.sub(value, word) if "$" in word else word


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


def _in_words(words: list[str]) -> Iterator[tuple[str, str]]:
    """Yield flags with their values from the words of a command; a word that is a shell's line is read as text."""
    waiting = ""
    for word in words:
        match = _VALUE.fullmatch(word)
        if match is None and waiting in _WANTED:
            yield waiting, word
            waiting = ""
        elif match is None:
            yield from _in_text(word)
            waiting = ""
        elif match["value"] is None:
            waiting = match["flag"]
        else:
            waiting = ""
            yield match["flag"], match["value"].strip().strip("\"'")


def _in_text(text: str) -> Iterator[tuple[str, str]]:
    yield from ((each["flag"], each["value"]) for each in _FLAG.finditer(text))
    yield from ((each["flag"].lower().replace("_", "-"), each["value"]) for each in _VARIABLE.finditer(text))


def _files(program: str, pairs: Iterable[tuple[str, str]]) -> tuple[NamedFile, ...]:
    named = [NamedFile(program=program, flag=flag, path=value) for flag, value in pairs if flag in _WANTED and value]
    # A flag that is given twice has its last value (pflag).
    last = next((each for each in reversed(named) if each.flag == CLIENT_CA), None)
    kept = (each for each in named if each.flag != CLIENT_CA or each == last)
    return tuple(dict.fromkeys(kept))[:_MOST_FILES]


def _mapping(value: Tree) -> _Mapping:
    return value if isinstance(value, dict) else {}


def _list(value: Tree) -> list[Tree]:
    return value if isinstance(value, list) else []
