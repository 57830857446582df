"""YAML as a configuration file needs it: a tree of texts that remembers its lines.

Rules of this module: pure, total but for `ConfigError`, and nothing of the document's values ever goes into a
message: a file given by mistake may be a private key. Importing this module imports PyYAML; `flags` does so only for a
host with a configuration file. There are no anchors, aliases, tags and second documents, no
duplicate keys, and no types: `yes`, `1:30` and `0755` stay the texts that they are.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import yaml

from kubepki.settings import ConfigError

# The pure parser of PyYAML reads about 200 KiB a second.
MAX_BYTES = 256 << 10
MAX_DEPTH = 16
_NULLS = frozenset({"", "~", "null"})
_TAG_OF: Callable[[type[yaml.Node], str, tuple[bool, bool]], str] = yaml.resolver.Resolver().resolve
_TYPES = frozenset(f"tag:yaml.org,2002:{name}" for name in ("bool", "float", "int", "timestamp"))
_KEY = re.compile(r"[A-Za-z0-9_.-]{1,64}")
# PyYAML quotes what it found; only names of its own tokens (`'<scalar>'`) and single characters may be shown.
_QUOTED = re.compile(r"""'(?!<[a-z ]+>')[^']{2,}'|"[^"]{2,}\"""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A scalar; `null` where nothing, `~` or `null` was written, `typed` what YAML takes for a number, truth, date."""

    text: str
    line: int
    null: bool
    typed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A sequence."""

    items: tuple["Node", ...]
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A key and its value; `line` is the key's."""

    key: str
    value: "Node"
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """A mapping, in the order of the document, each key once."""

    entries: tuple[Entry, ...]
    line: int


Node = Text | Items | Entries


def shown_key(key: str) -> str:
    """Return *key* for a message, or a stand-in where it does not look like a name."""
    return key if _KEY.fullmatch(key) else "(not a name)"


def parse_yaml(data: bytes, *, source: str) -> Node:
    """Return the tree of the only document in *data*, a null `Text` where it is empty.

    Raises ConfigError with *source* and the line.
    """
    if len(data) > MAX_BYTES:
        raise _refusal(source, f"larger than {MAX_BYTES >> 10} KiB", "is this the configuration file?")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start)
        raise _refusal(_place(source, line), "not UTF-8", "save the file as UTF-8") from None
    try:
        return _Composer(yaml.parse(text, Loader=yaml.SafeLoader), source).document()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position)
        raise _refusal(_place(source, line), "a control character", "remove it") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = _QUOTED.sub("…", (error.problem or "malformed").replace(r"'\t'", "(tab)"))
        where = _place(source, mark.line) if mark else source
        raise _refusal(where, f"not valid YAML: {problem}", "mend the YAML") from None


def _place(source: str, lines_before: int) -> str:
    return f"{source}:{lines_before + 1}"


def _refusal(where: str, what: str, hint: str) -> ConfigError:
    return ConfigError(what, where=where, hint=hint)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


class _Composer:
    """Builds the tree from the events of one document."""

    def __init__(self, events: Iterator[yaml.Event], source: str) -> None:
        self._events = events
        self._source = source

    def document(self) -> Node:
        root: Node = Text(text="", line=1, null=True)
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._error(event, "a second document", hint="keep one; no line of --- but the first")
            elif isinstance(event, yaml.NodeEvent):
                root = self._node(event, depth=0)
        return root

    def _node(self, event: yaml.Event, *, depth: int) -> Node:
        line = _line(event)
        if depth > MAX_DEPTH:
            raise self._error(event, f"nested deeper than {MAX_DEPTH} levels", hint="no setting is that deep")
        if getattr(event, "anchor", None) is not None:
            raise self._error(event, "an anchor or an alias", hint="write the value out")
        if getattr(event, "tag", None) is not None:
            raise self._error(event, "a tag", hint="write the value without one")
        if isinstance(event, yaml.ScalarEvent):
            null = event.implicit[0] and event.value in _NULLS
            tag = _TAG_OF(yaml.ScalarNode, event.value, event.implicit)
            return Text(text=event.value, line=line, null=null, typed=tag in _TYPES)
        if isinstance(event, yaml.SequenceStartEvent):
            return Items(items=tuple(self._items(depth)), line=line)
        return Entries(entries=tuple(self._entries(depth)), line=line)

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._node(event, depth=depth + 1)

    def _entries(self, depth: int) -> Iterator[Entry]:
        lines: dict[str, int] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth=depth + 1)
            if not isinstance(key, Text):
                raise self._error(event, "a key that is no text", hint="write keys as plain names")
            if key.text in lines:
                what = f"duplicate key {shown_key(key.text)}, first in line {lines[key.text]}"
                raise self._error(event, what, hint="keep one of them")
            lines[key.text] = key.line
            yield Entry(key=key.text, value=self._node(next(self._events), depth=depth + 1), line=key.line)

    def _error(self, event: yaml.Event, what: str, *, hint: str) -> ConfigError:
        return ConfigError(what, where=f"{self._source}:{_line(event)}", hint=hint)
