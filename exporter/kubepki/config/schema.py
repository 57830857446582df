"""The configuration file: its schema, and from its bytes to the chosen values.

Rules of this module: pure, total but for `ConfigError`. A message names a key and a line, never a value.
"""

from collections.abc import Iterable
from typing import Any

from kubepki.config import values
from kubepki.config.option import Option
from kubepki.config.options import GROUPS, OPTIONS, REFERENCE_KEYS, REFERENCES_KEY
from kubepki.config.strict_yaml import Entries, Entry, Items, Node, Text, parse_yaml, shown_key
from kubepki.settings import ConfigError, HttpsReference, NtpReference

KEYS = (*(option.key for option in OPTIONS), REFERENCES_KEY)
_OPTIONS = {option.key: option for option in OPTIONS}
_HTTPS_KEYS = frozenset({"name", "url", "ca_file"})
# A name may be any text, so that a number in its place would pass for one.
_NAMES = (
    values.path,
    values.directory,
    values.kubeconfig,
    values.file_pattern,
    values.ignored,
    values.reference_name,
)
_NTP_KEYS = frozenset({"name", "host", "port"})


def parse_config(data: bytes, *, source: str, base: str) -> dict[str, object]:
    """Return the values that the file with content *data* chooses, by key (`scan.interval`).

    *source* is the file's name in messages, *base* the absolute directory of its relative paths. Raises ConfigError.
    """
    return _Reader(source, base).chosen(parse_yaml(data, source=source))


def places_of(data: bytes, *, source: str) -> dict[str, str]:
    """Return `SOURCE:LINE: KEY` of each setting that *data*, which `parse_config` has taken, chooses, by its flag."""
    root = parse_yaml(data, source=source)
    return {
        _OPTIONS[key].flag: f"{source}:{entry.line}: {key}"
        for group in (root.entries if isinstance(root, Entries) else ())
        for entry in (group.value.entries if isinstance(group.value, Entries) else ())
        if (key := f"{group.key}.{entry.key}") in _OPTIONS
    }


class _Reader:
    """Walks the tree of one file and refuses what the schema does not know."""

    def __init__(self, source: str, base: str) -> None:
        self._source = source
        self._base = base

    def chosen(self, root: Node) -> dict[str, object]:
        chosen: dict[str, object] = {}
        for group in self._entries(root, "", GROUPS):
            names = tuple(key.partition(".")[2] for key in KEYS if key.startswith(f"{group.key}."))
            for entry in self._entries(group.value, group.key, names):
                key = f"{group.key}.{entry.key}"
                if key == REFERENCES_KEY:
                    chosen[key] = self._references(entry.value)
                else:
                    chosen[key] = self._option(_OPTIONS[key], entry)
        return chosen

    def _entries(self, node: Node, key: str, known: Iterable[str]) -> tuple[Entry, ...]:
        """Return the entries of a mapping, none of an empty one, once all their keys are *known*."""
        if isinstance(node, Text) and node.null:
            return ()
        if not isinstance(node, Entries):
            raise self._error(node, key, "expected keys with values", "see docs/configuration.md")
        for entry in node.entries:
            if entry.key not in known:
                raise self._unknown(entry, key, tuple(known))
        return node.entries

    def _unknown(self, entry: Entry, parent: str, known: tuple[str, ...]) -> ConfigError:
        full = f"{parent}.{shown_key(entry.key)}" if parent else shown_key(entry.key)
        elsewhere = {key.partition(".")[2]: key for key in KEYS}
        near = values.nearest(entry.key, known)
        guess = f"{parent}.{near}" if near and parent else near or elsewhere.get(entry.key)
        hint = f"did you mean {guess}?" if guess else f"known here: {', '.join(known)}"
        return ConfigError(f"unknown key {full}", where=f"{self._source}:{entry.line}", hint=hint)

    def _option(self, option: Option, entry: Entry) -> object:
        node = entry.value
        if not option.repeated:
            return self._value(node, option.key, option.parse)
        if not isinstance(node, Items):
            raise self._error(
                node, option.key, "expected a list", f"write [{option.metavar}] or lines of - {option.metavar}"
            )
        if not node.items and option.group == "web":
            raise self._error(node, option.key, "expected at least one", f"the default is {option.default}")
        return tuple(dict.fromkeys(self._value(item, option.key, option.parse) for item in node.items))

    def _references(self, node: Node) -> tuple[HttpsReference | NtpReference, ...]:
        if not isinstance(node, Items):
            raise self._error(node, REFERENCES_KEY, "expected a list", "each with name and url, or name and host")
        found: dict[str, HttpsReference | NtpReference] = {}
        for item in node.items:
            reference = self._reference(item)
            if reference.source in found:
                raise self._error(
                    item, REFERENCES_KEY, "the name of an earlier one of its kind", "give it another name"
                )
            found[reference.source] = reference
        return tuple(found.values())

    def _reference(self, node: Node) -> HttpsReference | NtpReference:
        fields: dict[str, Any] = {}
        for entry in self._entries(node, REFERENCES_KEY, REFERENCE_KEYS):
            fields[entry.key] = self._value(entry.value, f"{REFERENCES_KEY}.{entry.key}", REFERENCE_KEYS[entry.key])
        keys = frozenset(fields)
        if {"name", "url"} <= keys <= _HTTPS_KEYS:
            return HttpsReference(**fields)
        if {"name", "host"} <= keys <= _NTP_KEYS:
            return NtpReference(**fields)
        raise self._error(
            node,
            REFERENCES_KEY,
            "expected name and url (and ca_file), or name and host (and port)",
            "write one of the two",
        )

    def _value(self, node: Node, key: str, parse: values.Parse) -> object:
        if not isinstance(node, Text):
            raise self._error(node, key, "expected one value, not a list or keys", "write a single value")
        if node.typed and parse in _NAMES:
            what = "expected a name, not a number, a truth value or a date"
            raise self._error(node, key, what, "write it in quotes where it is one")
        try:
            return parse("" if node.null else node.text, self._base)
        except ValueError as error:
            raise self._error(node, key, str(error), "") from None

    def _error(self, node: Node, key: str, what: str, hint: str) -> ConfigError:
        prefix = f"{key}: " if key else ""
        return ConfigError(f"{prefix}{what}", where=f"{self._source}:{node.line}", hint=hint)
