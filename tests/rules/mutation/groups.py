"""The unit tests of promtool's files, one by one, and how long they are."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

_DURATION = re.compile(r"(\d+)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


@dataclass(frozen=True, kw_only=True)
class Group:
    """One unit test of promtool."""

    name: str
    interval: str
    order: list[str]
    test: dict[str, Any]

    @cached_property
    def metrics(self) -> frozenset[str]:
        """The metrics that go in."""
        return frozenset(each["series"].split("{")[0] for each in self.test["input_series"])

    @cached_property
    def asks(self) -> tuple[dict[str, Any], ...]:
        """What is asked."""
        return (*self.test.get("promql_expr_test", ()), *self.test.get("alert_rule_test", ()))

    @property
    def cost(self) -> float:
        """About how much is judged, and how often."""
        last = max(seconds(each["eval_time"]) for each in self.asks)
        return (1 + last / seconds(self.interval)) * (20 + len(self.test["input_series"]))


def groups_of(files: Iterable[Path]) -> Iterator[Group]:
    """Yield the groups of promtool's files of unit tests."""
    for file in sorted(files):
        # As text, for YAML would take promtool's 0x40, which is 0 forty times more, for a number.
        document = yaml.load(file.read_text(encoding="utf-8"), yaml.CBaseLoader)  # noqa: S506 - makes texts only
        for number, test in enumerate(document["tests"]):
            name = f"{file.name.split('.')[0]}_{number}"
            for ask in test.get("promql_expr_test", ()):
                for sample in ask.get("exp_samples") or ():
                    sample["value"] = float(sample["value"])
            order = document.get("group_eval_order", [])
            yield Group(name=name, interval=document["evaluation_interval"], order=order, test=test)


def seconds(text: str) -> float:
    """Return the seconds of a duration as Prometheus writes it."""
    return sum(int(number) * _SECONDS[unit] for number, unit in _DURATION.findall(text))
