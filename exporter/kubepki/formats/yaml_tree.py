"""Reads the YAML of a kubeconfig into mappings, lists and texts.

Rules of this module: pure; total; no object is constructed but these three, so that tags, numbers and dates cannot
fail, and an alias is a reference, so that it cannot multiply. No error text of the library is kept, for it may quote
a line of the file, and that line may be a private key.
"""

import itertools
import re
from dataclasses import dataclass
from typing import TypeAlias

from kubepki.formats.guard import Refusal, attempt
from kubepki.formats.yaml_scalars import Typed, UnfitError, scalar

Tree: TypeAlias = "str | list[Tree] | dict[str, Tree] | None"

MAX_DEPTH = 32
MAX_NODES = 50_000
MAX_ALIASES = 100
# libyaml compares each with all before it, in one event.
MAX_DIRECTIVES = 100
_MERGE = "<<"
_ORDER_MARK, _LETTER = b"\xef\xbb\xbf", "\ue000".encode()
# libyaml takes it for a slash, as YAML 1.2 and JSON do; YAML 1.1 has no such escape, and client-go's library neither.
_ESCAPED_SLASH, _NO_ESCAPE = re.compile(rb"(?<!\\)((?:\\\\)*\\)/"), rb"\1q"
# In any of YAML's encodings.
_DIRECTIVE = re.compile(rb"%\0?T\0?A\0?G")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why there is no tree; `text` is one clause for a person and quotes nothing."""

    text: str


def read_tree(data: bytes) -> "Tree | Problem":
    """Return the first document of *data*; None where it is empty.

    Scalars stay texts, those that are numbers or booleans as `Typed`; `null` and `~` are None. Of a key that is given
    twice the last value counts. A merge key (`<<`) takes in the mappings that it names.
    """
    found = attempt(lambda: _read(data))
    return Problem(f"not readable as YAML ({found.kind})") if isinstance(found, Refusal) else found


def _read(data: bytes) -> "Tree | Problem":
    # Imported here, for a host without a kubeconfig need not carry it.
    import yaml  # noqa: PLC0415

    # libyaml's parser is ten times as fast; only its events are used, so it never recurses.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    if sum(1 for _ in itertools.islice(_DIRECTIVE.finditer(data), MAX_DIRECTIVES + 1)) > MAX_DIRECTIVES:
        return Problem(_TooMuchError.words)
    builder = _Builder()
    if data.startswith(2 * _ORDER_MARK):
        return Problem("YAML that begins with two byte order marks")
    # libyaml passes over a byte order mark at the start of any line; to client-go's library it is a letter.
    before = _ORDER_MARK if data.startswith(_ORDER_MARK) else b""
    plain = before + data[len(before) :].replace(_ORDER_MARK, _LETTER)
    plain = _ESCAPED_SLASH.sub(_NO_ESCAPE, plain) if b"\\/" in plain else plain
    try:
        for event in yaml.parse(plain, Loader=loader):
            if builder.take(event):
                break
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        return Problem("no YAML" if mark is None else f"no YAML at line {mark.line + 1}, column {mark.column + 1}")
    except yaml.YAMLError:
        return Problem("no YAML: it has bytes that YAML does not allow")
    except _RefusedError as error:
        return Problem(error.words)
    return builder.root


class _RefusedError(Exception):
    """The document cannot be a kubeconfig; `words` says why."""

    words = ""


class _UnknownAliasError(_RefusedError):
    words = "YAML with an alias of nothing, or of what it is in"


class _BadMergeError(_RefusedError):
    words = "YAML with a merge key (<<) of something that is no mapping"


class _BadKeyError(_RefusedError):
    # No JSON can have it (sigs.k8s.io/yaml).
    words = "YAML with a key that is null or no scalar"


class _BadTagError(_RefusedError):
    words = "YAML with a value that is not what its tag says"


class _NoJsonError(_RefusedError):
    words = "YAML with an infinity or a NaN, which client-go cannot read"


class _VersionError(_RefusedError):
    words = "YAML of another version than 1.1, which client-go does not read"


class _TooMuchError(_RefusedError):
    words = "YAML that is nested too deep, too large, or has too many aliases or directives"


@dataclass(slots=True)
class _Frame:
    container: list[Tree] | dict[str, Tree]
    items: list[Tree]
    merges: set[int]


class _Builder:
    def __init__(self) -> None:
        self.root: Tree = None
        self._frames: list[_Frame] = []
        self._anchors: dict[str, Tree] = {}
        self._nodes = 0
        self._aliases = 0

    def take(self, event: object) -> bool:
        """Add what *event* says; tell whether the first document is complete."""
        anchor = getattr(event, "anchor", None)
        match type(event).__name__:
            case "ScalarEvent":
                if self._frames and _is_merge(event):
                    self._frames[-1].merges.add(len(self._frames[-1].items))
                self._add(_scalar(event), anchor)
            case "SequenceStartEvent":
                self._enter([], anchor)
            case "MappingStartEvent":
                self._enter({}, anchor)
            case "SequenceEndEvent" | "MappingEndEvent":
                self._leave()
            case "AliasEvent":
                self._add(self._named(str(anchor)), None)
            case "DocumentStartEvent":
                if getattr(event, "version", None) not in (None, (1, 1)):
                    raise _VersionError
            case "DocumentEndEvent":
                return True
        return False

    def _named(self, anchor: str) -> Tree:
        """Return what an alias stands for; what is open cannot be in itself."""
        self._aliases += 1
        self._check(within=self._aliases <= MAX_ALIASES)
        if anchor not in self._anchors:
            raise _UnknownAliasError
        named = self._anchors[anchor]
        if any(frame.container is named for frame in self._frames):
            raise _UnknownAliasError
        return named

    def _check(self, *, within: bool) -> None:
        if not within:
            raise _TooMuchError

    def _add(self, node: Tree, anchor: object) -> None:
        self._nodes += 1
        self._check(within=self._nodes <= MAX_NODES)
        if anchor is not None:
            self._anchors[str(anchor)] = node
        if self._frames:
            self._frames[-1].items.append(node)
        else:
            self.root = node

    def _enter(self, container: list[Tree] | dict[str, Tree], anchor: object) -> None:
        self._add(container, anchor)
        self._check(within=len(self._frames) < MAX_DEPTH)
        self._frames.append(_Frame(container, [], set()))

    def _leave(self) -> None:
        frame = self._frames.pop()
        is_list = isinstance(frame.container, list)
        if any(
            isinstance(each, Typed) and each.endless for each in frame.items[0 if is_list else 1 :: 1 if is_list else 2]
        ):
            raise _NoJsonError
        if isinstance(frame.container, list):
            frame.container += frame.items
            return
        for position in range(0, len(frame.items), 2):
            key, value = frame.items[position : position + 2]
            if position in frame.merges:
                self._merge(frame.container, value)
            elif isinstance(key, str):
                frame.container[key] = value
            else:
                raise _BadKeyError

    def _merge(self, into: dict[str, Tree], value: Tree) -> None:
        # As client-go's YAML library does: what stands later wins, and of a list the first mapping.
        for mapping in reversed(value if isinstance(value, list) else [value]):
            if not isinstance(mapping, dict):
                raise _BadMergeError
            self._nodes += len(mapping)
            self._check(within=self._nodes <= MAX_NODES)
            into.update(mapping)


def _is_merge(event: object) -> bool:
    # https://yaml.org/type/merge.html: a plain scalar only; in quotes it is a key like any other.
    return getattr(event, "value", "") == _MERGE and bool(getattr(event, "implicit", (False, True))[0])


def _scalar(event: object) -> str | None:
    plain = bool(getattr(event, "implicit", (False, True))[0])
    try:
        return scalar(str(getattr(event, "value", "")), getattr(event, "tag", None), plain=plain)
    except UnfitError:
        raise _BadTagError from None
