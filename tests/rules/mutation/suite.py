"""The tests of the rules, cut down to what a change of one rule can show in them, the likeliest to notice it first.

A test that asks for one alert needs the rules of that alert only. So a mutant costs a tenth of what all rules would.
"""

import json
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.rules.mutation.groups import Group, seconds
from tests.rules.mutation.mutants import Mutant, rule_name

_NAME = re.compile(r"\b(?:kubepki_\w+|scrape_\w+|up(?=\{)|[a-z_]+:kubepki_[\w:]+|ALERTS)\b")
_ALERTNAME = re.compile(r'alertname(=~|!=|!~|=)"([^"]+)"')
_GENERIC = re.compile(r"ALERTS(?:\{(?!alertname|[^}]*alertname)|(?!\{))")
_EXPECTED = re.compile(r'alertname="([^"]+)"')
# So many evaluations of a rule run in the first go, and in each further one three times as many.
_FIRST = 1_500.0
_GROWTH = 3


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A group with the asks and the rules that matter, and what it costs."""

    group: Group
    asks: tuple[dict[str, Any], ...]
    rules: frozenset[str]

    @property
    def cost(self) -> float:
        """About how often a rule is evaluated."""
        last = max(seconds(each["eval_time"]) for each in self.asks)
        return (
            (1 + last / seconds(self.group.interval))
            * len(self.rules)
            * (1 + len(self.group.test["input_series"]) / 20)
        )

    def document(self, rules: str) -> dict[str, Any]:
        """Return the unit test as promtool reads it."""
        kinds = ("promql_expr_test", "alert_rule_test")
        test = {key: value for key, value in self.group.test.items() if key not in kinds}
        test["name"] = self.group.name
        for kind, is_expr in zip(kinds, (True, False), strict=True):
            if kept := [ask for ask in self.asks if ("expr" in ask) is is_expr]:
                test[kind] = kept
        return {
            "rule_files": [rules],
            "evaluation_interval": self.group.interval,
            "group_eval_order": self.group.order,
            "tests": [test],
        }


class Suite:
    """All groups, and which of them can notice a change of which rule."""

    def __init__(self, rules: dict[str, Any], groups: Sequence[Group]) -> None:
        """Take the groups that pass with *rules*."""
        every = [rule for group in rules["groups"] for rule in group["rules"]]
        self.groups = groups
        self._alerts = {rule["alert"] for rule in every if "alert" in rule}
        self._reads: dict[str, set[str]] = {}
        for rule in every:
            text = rule["expr"] + json.dumps(rule.get("annotations", {}))
            self._reads.setdefault(rule_name(rule), set()).update(self._asked(text))
        self._killers: dict[str, list[str]] = {}
        self._known: dict[str, tuple[set[str], set[str]]] = {}

    def relevant(self, rule: str) -> list[Cut]:
        """Return what can notice a change of *rule*: what noticed the last ones first, then the cheapest."""
        cuts = [cut for group in self.groups if (cut := self.cut(group, rule))]
        killers = self._killers.get(rule, [])
        rank = {name: place for place, name in enumerate(reversed(killers))}
        return sorted(cuts, key=lambda cut: (rank.get(cut.group.name, len(rank)), cut.cost))

    def notices(self, promtool: Path, mutant: Mutant, directory: Path) -> bool:
        """Return whether some test fails with the mutant; one that Prometheus does not load is noticed, too."""
        for number, chunk in enumerate(_chunks(self.relevant(mutant.rule), len(self._killers.get(mutant.rule, ())))):
            told = fails(promtool, mutant, chunk, directory, prefix=f"{number}-")
            if told:
                self._remember(mutant.rule, told, chunk)
                return True
        return False

    def _remember(self, rule: str, told: str, chunk: Sequence[Cut]) -> None:
        killers = self._killers.setdefault(rule, [])
        for cut in chunk:
            if re.search(rf"\b{cut.group.name}\b", told):
                if cut.group.name in killers:
                    killers.remove(cut.group.name)
                killers.append(cut.group.name)

    def cut(self, group: Group, rule: str) -> Cut | None:
        """Return what of *group* can notice a change of *rule*; None where nothing can."""
        if rule not in self._known:
            self._known[rule] = self._readers(rule), self._closure_of_metrics(rule)
        affected, inputs = self._known[rule]
        if not group.metrics & {*inputs, "ALERTS"}:
            return None
        asks, needed = [], {rule}
        for ask in group.asks:
            names = self._asked(ask["expr"]) if "expr" in ask else {ask["alertname"]}
            if not names & affected:
                continue
            if "expr" in ask and _GENERIC.search(ask["expr"]):
                narrowed = self._narrowed(ask, affected)
                if narrowed is None:
                    needed |= names
                else:
                    asks.append(narrowed)
                    needed |= names & affected
                    continue
            asks.append(ask)
            needed |= names
        return Cut(group=group, asks=tuple(asks), rules=frozenset(self._closure(needed))) if asks else None

    def _narrowed(self, ask: dict[str, Any], affected: set[str]) -> dict[str, Any] | None:
        """Return a question about any alert as one about those that are *affected*; None where it cannot be."""
        samples = ask.get("exp_samples") or []
        named = [_EXPECTED.search(sample["labels"]) for sample in samples]
        grouped = re.search(r"by \([^)]*alertname|^ALERTS", ask["expr"])
        if not grouped or not all(named) or ask["expr"].count("ALERTS") != 1:
            return None
        alerts = "|".join(sorted(affected & self._alerts))
        expr = re.sub(r"ALERTS(\{)?", lambda m: f'ALERTS{{alertname=~"{alerts}"' + (", " if m[1] else "}"), ask["expr"])
        kept = [sample for sample, name in zip(samples, named, strict=True) if name and name[1] in affected]
        return {**ask, "expr": expr, "exp_samples": kept}

    def _asked(self, expr: str) -> set[str]:
        """Return the names of rules and of scraped metrics that *expr* reads, an alert by its name."""
        names = set(_NAME.findall(expr))
        if "ALERTS" not in names:
            return names
        names.discard("ALERTS")
        found = _ALERTNAME.findall(expr)
        if not found or _GENERIC.search(expr):
            return names | self._alerts
        for operator, pattern in found:
            matches = {alert for alert in self._alerts if re.fullmatch(pattern, alert)}
            names |= matches if operator in {"=", "=~"} else self._alerts - matches
        return names

    def _closure_of_metrics(self, rule: str) -> set[str]:
        """Return the scraped metrics that decide what *rule* finds."""
        seen, todo = set[str](), [rule]
        while todo:
            for name in self._reads.get(todo.pop(), ()):
                if name not in seen:
                    seen.add(name)
                    todo.append(name)
        return {name for name in seen if name == "up" or name.startswith(("kubepki_", "scrape_"))}

    def _closure(self, names: set[str]) -> set[str]:
        seen, todo = set[str](), list(names)
        while todo:
            name = todo.pop()
            if name not in seen and name in self._reads:
                seen.add(name)
                todo.extend(self._reads[name])
        return seen

    def _readers(self, rule: str) -> set[str]:
        found, grown = {rule}, True
        while grown:
            more = {name for name, read in self._reads.items() if read & found} - found
            found |= more
            grown = bool(more)
        return found


def fails(promtool: Path, mutant: Mutant, cuts: Iterable[Cut], directory: Path, *, prefix: str = "") -> str:
    """Return what promtool says where one of *cuts* fails with the mutant, and nothing where all pass."""
    files = []
    for place, cut in enumerate(cuts):
        rules = directory / f"{prefix}{place}.rules.json"
        rules.write_text(json.dumps(_only(mutant.document, cut.rules)))
        files.append(directory / f"{prefix}{place}.test.json")
        files[-1].write_text(json.dumps(cut.document(rules.name)))
    command: tuple[str | Path, ...] = (promtool, "test", "rules", *files)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    return (done.stderr or "it failed") if done.returncode else ""


def _only(document: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    groups = [
        {**group, "rules": [rule for rule in group["rules"] if rule_name(rule) in names]}
        for group in document["groups"]
    ]
    return {"groups": [group for group in groups if group["rules"]]}


def _chunks(cuts: Iterable[Cut], killers: int) -> Iterator[list[Cut]]:
    """Yield what runs in one go: the last killer alone, then more and more."""
    chunk: list[Cut] = []
    limit = 0.0 if killers else _FIRST
    for cut in cuts:
        chunk.append(cut)
        if sum(each.cost for each in chunk) >= limit:
            yield chunk
            chunk, limit = [], max(limit * _GROWTH, _FIRST)
    if chunk:
        yield chunk
