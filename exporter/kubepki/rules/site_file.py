"""A site's file in YAML: its schema, and from its bytes to a `Site`.

Rules of this module: pure, total but for `ConfigError`, which names the file, the line and the key.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from kubepki.config.durations import parse_duration
from kubepki.config.strict_yaml import Entries, Entry, Items, Node, Text, parse_yaml, shown_key
from kubepki.config.values import nearest
from kubepki.model import Severity
from kubepki.rules.files import alerts
from kubepki.rules.site import Site, Thresholds
from kubepki.rules.site_values import (
    alert,
    count,
    further_label,
    grafana,
    host_label,
    kubernetes_key,
    kubernetes_name,
    kubernetes_namespace,
    kubernetes_value,
    label_name,
    own_label,
    plain,
    positive,
    regular_expression,
    runbook,
    share,
    word,
)
from kubepki.settings import ConfigError


def parse_site(data: bytes, *, source: str) -> Site:
    """Return the site that the file with content *data* describes; *source* is its name in messages.

    Raises ConfigError.
    """
    reader = _Reader(source)
    chosen: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for entry in reader.entries(parse_yaml(data, source=source), "", KEYS):
        field, read = _KEYS[entry.key]
        chosen[field] = read(reader, entry)
        lines[entry.key] = entry.line
    site = Site(**chosen)
    for key, what, hint in _contradictions(site):
        raise reader.error(lines[key], key, what, hint)
    return site


def _contradictions(site: Site) -> Iterator[tuple[str, str, str]]:
    """Yield what does not go together: its key, what is wrong, and what to do."""
    limits = site.thresholds
    for kind in ("leaf", "ca"):
        for unit in ("", "_share"):
            warning, critical = f"{kind}_warning{unit}", f"{kind}_critical{unit}"
            if getattr(limits, warning) < getattr(limits, critical):
                yield "thresholds", f"{warning} is below {critical}", "a warning comes before what is critical"
    if len(set(site.severities.values())) < len(Severity):
        yield "severities", "two have the same name", "routes could not tell them apart"
    if "instance" not in site.host_labels:
        yield "host_labels", "instance is missing", "it names the host in every text"
    if "alertname" in site.grouping_labels:
        yield "grouping_labels", "alertname is always one of them", "leave it out"


@dataclass(frozen=True, slots=True)
class _Reader:
    """Refuses what the schema does not know, with its place."""

    source: str

    def entries(self, node: Node, key: str, known: Iterable[str] | None) -> tuple[Entry, ...]:
        """Return the entries of a mapping, none of an empty one, once all their keys are *known*."""
        if isinstance(node, Text) and node.null:
            return ()
        if not isinstance(node, Entries):
            raise self.error(node.line, key, "expected keys with values", "see docs/rules.md")
        for entry in node.entries:
            if known is not None and entry.key not in known:
                names = tuple(known)
                near = nearest(entry.key, names)
                full = f"{key}.{shown_key(entry.key)}" if key else shown_key(entry.key)
                hint = f"did you mean {near}?" if near else f"known here: {', '.join(names)}"
                what = f"unknown key {full}"
                raise ConfigError(what, where=f"{self.source}:{entry.line}", hint=hint)
        return node.entries

    def text(self, node: Node, key: str, parse: Callable[[str], Any]) -> Any:  # noqa: ANN401 - what the parser returns
        """Return the value of a scalar."""
        if not isinstance(node, Text):
            raise self.error(node.line, key, "expected one value, not a list or keys", "write a single value")
        try:
            return parse("" if node.null else node.text)
        except ValueError as error:
            raise self.error(node.line, key, str(error), "see docs/rules.md") from None

    def items(self, node: Node, key: str, parse: Callable[[str], Any]) -> tuple[Any, ...]:
        """Return the values of a list, each once."""
        if isinstance(node, Text) and node.null:
            return ()
        if not isinstance(node, Items):
            raise self.error(node.line, key, "expected a list", "write [A, B], or lines of - A")
        return tuple(dict.fromkeys(self.text(item, key, parse) for item in node.items))

    def error(self, line: int, key: str, what: str, hint: str) -> ConfigError:
        """Return a mistake in *line* at *key*."""
        return ConfigError(f"{key}: {what}" if key else what, where=f"{self.source}:{line}", hint=hint)


_Read = Callable[[_Reader, Entry], Any]


def _scalar(parse: Callable[[str], Any]) -> _Read:
    return lambda reader, entry: reader.text(entry.value, entry.key, parse)


def _list(parse: Callable[[str], Any]) -> _Read:
    return lambda reader, entry: reader.items(entry.value, entry.key, parse)


def _pairs(name: Callable[[str], str], value: Callable[[str], str]) -> _Read:
    def read(reader: _Reader, entry: Entry) -> Mapping[str, str]:
        found = {}
        for pair in reader.entries(entry.value, entry.key, None):
            try:
                found[name(pair.key)] = reader.text(pair.value, f"{entry.key}.{shown_key(pair.key)}", value)
            except ValueError as error:
                raise reader.error(pair.line, f"{entry.key}.{shown_key(pair.key)}", str(error), "") from None
        return found

    return read


def _by_severity(field: str) -> _Read:
    def read(reader: _Reader, entry: Entry) -> Mapping[Severity, str]:
        names = tuple(str(each) for each in Severity)
        given = {
            Severity(pair.key): reader.text(pair.value, f"{entry.key}.{pair.key}", word)
            for pair in reader.entries(entry.value, entry.key, names)
        }
        return {**getattr(Site(), field), **given}

    return read


def _thresholds(reader: _Reader, entry: Entry) -> Thresholds:
    names = tuple(field.name for field in fields(Thresholds))
    return Thresholds(
        **{
            pair.key: reader.text(pair.value, f"{entry.key}.{pair.key}", _limit(pair.key))
            for pair in reader.entries(entry.value, entry.key, names)
        }
    )


def _limit(name: str) -> Callable[[str], float | int]:
    if name.endswith("share"):
        return share
    return count if isinstance(getattr(Thresholds(), name), int) else positive


def _waits(reader: _Reader, entry: Entry) -> Mapping[tuple[str, Severity], float]:
    severities = alerts()
    found: dict[tuple[str, Severity], float] = {}
    for pair in reader.entries(entry.value, entry.key, tuple(severities)):
        key = f"{entry.key}.{pair.key}"
        if isinstance(pair.value, Entries):
            known = tuple(str(each) for each in severities[pair.key])
            for each in reader.entries(pair.value, key, known):
                found[pair.key, Severity(each.key)] = reader.text(each.value, f"{key}.{each.key}", parse_duration)
        else:
            wait = reader.text(pair.value, key, parse_duration)
            found |= {(pair.key, severity): wait for severity in severities[pair.key]}
    return found


_KEYS: Mapping[str, tuple[str, _Read]] = {
    "job": ("job", _scalar(regular_expression)),
    "cluster_label": ("cluster_label", _scalar(label_name)),
    "host_labels": ("host_labels", _list(host_label)),
    "grouping_labels": ("grouping_labels", _list(label_name)),
    "place_labels": ("place_labels", _list(label_name)),
    "labels": ("labels", _pairs(further_label, plain)),
    "severities": ("severities", _by_severity("severities")),
    "receivers": ("receivers", _by_severity("receivers")),
    "thresholds": ("thresholds", _thresholds),
    "for": ("waits", _waits),
    "disabled_alerts": ("disabled", _list(alert)),
    "removed_hosts": ("removed_hosts", _scalar(parse_duration)),
    "exported_labels": ("exported_labels", _list(own_label)),
    "exported_prefix": ("exported_prefix", _scalar(label_name)),
    "runbook_url": ("runbook_url", _scalar(runbook)),
    "grafana_url": ("grafana_url", _scalar(grafana)),
    "rule_name": ("rule_name", _scalar(kubernetes_name)),
    "rule_namespace": ("rule_namespace", _scalar(kubernetes_namespace)),
    "rule_labels": ("rule_labels", _pairs(kubernetes_key, kubernetes_value)),
}
KEYS = tuple(_KEYS)
