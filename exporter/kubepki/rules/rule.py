"""The nouns of a rule file, and PromQL's spelling of numbers.

Rules of this module: pure values.
"""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field

from kubepki.model import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A recording rule; `why` becomes the comment above it."""

    name: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert; `wait` is its `for` in seconds, `texts` are its annotations."""

    name: str
    severity: Severity
    expr: str
    texts: Mapping[str, str]
    wait: float = 0.0
    why: str = ""


Rule = Record | Alert


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rules that are judged one after the other."""

    name: str
    rules: tuple[Rule, ...]
    why: str = ""


def promql(text: str) -> str:
    """Return *text* without the indentation of the source."""
    return textwrap.dedent(text).strip()


def number(value: float) -> str:
    """Return *value* as PromQL and a reader take it: without an exponent, and without a needless fraction."""
    return f"{value:.0f}" if value == int(value) else f"{value:.10f}".rstrip("0")


def indented(text: str) -> str:
    """Return *text* one step further to the right."""
    return textwrap.indent(text, "  ")
