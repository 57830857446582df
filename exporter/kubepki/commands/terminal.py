"""Text for a terminal: widths, colours, and nothing of a file name that could move the cursor. Pure."""

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kubepki.model import Severity
from kubepki.texts import safe_text

_MIN_WIDTH = 40
_CODES = {Severity.CRITICAL: "1;31", Severity.WARNING: "1;33", Severity.INFO: "1;36", None: "1;32"}
_ASCII = {"→": "->", "·": "-", "…": "..."}


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How text is written: columns, whether ANSI colours, whether characters beyond ASCII."""

    width: int = 100
    colour: bool = False
    unicode: bool = True

    def paint(self, text: str, severity: Severity | None) -> str:
        """Return *text* in the colour of *severity*; None is the colour of health."""
        return f"\x1b[{_CODES[severity]}m{text}\x1b[0m" if self.colour else text

    def bold(self, text: str) -> str:
        """Return *text* as a heading."""
        return f"\x1b[1m{text}\x1b[0m" if self.colour else text


def clean(text: str, style: Style) -> str:
    r"""Return *text* as one printable line: what is none, or beyond ASCII where that is asked for, as `\xNN`."""
    text = safe_text(text)
    if not style.unicode:
        for character, plain in _ASCII.items():
            text = text.replace(character, plain)
        text = text.encode("ascii", "backslashreplace").decode()
    return text


def wrapped(text: str, style: Style, *, first: str = "", rest: str | None = None) -> list[str]:
    """Return *text* wrapped to the width, *first* before its first line and *rest* before the others.

    A word that is longer than a line, such as a path, stays whole.
    """
    return textwrap.wrap(
        clean(text, style),
        max(style.width, _MIN_WIDTH),
        initial_indent=first,
        subsequent_indent=" " * len(first) if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def columns(rows: Iterable[Sequence[str]], style: Style, *, indent: str = "  ") -> list[str]:
    """Return *rows* as lines whose columns, all but the last, are as wide as their widest cell."""
    table = [[clean(cell, style) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)][:-1] if table else []
    return [
        (indent + "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])).rstrip()
        for row in table
    ]
