"""The whole boards in words: what each panel says in a state, a line for each number, row or block, less what varies.

`tests/grafana/expected/STATE.txt` holds what is expected. `KUBEPKI_WRITE_EXPECTED=1 pytest tests/grafana` writes it
anew: read the difference before you commit it.
"""

import difflib
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from tests.grafana.boards import panel
from tests.grafana.drawing import Drawn
from tests.support.waiting import wait_until

DIRECTORY = Path(__file__).resolve().parent / "expected"
WRITE = "KUBEPKI_WRITE_EXPECTED"
SETTLED_SECONDS = 15
# Times, ages, and the host that happens to be a millisecond further than the next.
VARIES = (
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "DATE"),
    (r"\d{4}(-\d\d){5}", "STAMP"),
    (r"\d+ (hour|minute)s?, \d+ (minute|second)s?", "HOURS AND MINUTES"),
    (r"\d+ (year|month|week|day)s?, \d+ (month|week|day|hour)s?", "A LONG TIME"),
    (r"in (an?|\d+) (hour|minute)s?", "IN HOURS"),
    (r"\d+(\.\d+)?%", "SHARE"),
)
ANY_HOST = ("Which clock is wrong", "Host")
Boards = Mapping[str, Mapping[str, Sequence[Drawn]]]


def said(uid: str, drawn: Mapping[str, Sequence[Drawn]]) -> Iterator[str]:
    """Yield the lines of one board."""
    for title, found in drawn.items():
        kind = panel(uid, title)["type"]
        if kind == "state-timeline":
            # As it is now: the history before depends on how long each act took.
            last = {each.field: each for each in found}
            lines = [f"{name.strip()}: {_painted(each)}" for name, each in last.items()]
        elif kind == "table":
            rows: dict[int, list[str]] = {}
            for each in found:
                text = "ANY" if (title, each.field) == ANY_HOST and each.text != "\u2013" else _painted(each)
                rows.setdefault(each.row, []).append(f"{each.field} {text}" if each.field else text)
            lines = [" | ".join(cells) for cells in rows.values()]
        else:
            lines = [_painted(each) for each in found]
        yield f"{title}"
        yield from sorted(f"    {_without_what_varies(line)}" for line in lines)


def assert_said(state: str, drawn: Callable[[], Boards]) -> None:
    """Wait until the boards say what is expected in *state*; the keys of *drawn* are the boards' names."""

    def now() -> str:
        boards = drawn()
        lines = (f"{line}\n" for name, board in boards.items() for line in (f"# {name}", *said(name.split()[0], board)))
        return "".join(lines)

    file = DIRECTORY / f"{state.replace(' ', '-')}.txt"
    if os.environ.get(WRITE):
        DIRECTORY.mkdir(exist_ok=True)
        file.write_text(_settled(now), encoding="utf-8")
    expected = file.read_text(encoding="utf-8")
    latest = ""

    def as_expected() -> bool:
        nonlocal latest
        latest = now()
        return latest == expected

    try:
        wait_until(as_expected, timeout=120, describe=f"the boards to say what {file.name} says")
    except AssertionError as error:
        difference = difflib.unified_diff(expected.splitlines(), latest.splitlines(), "expected", "drawn", lineterm="")
        raise AssertionError("\n".join((str(error), *difference))) from error


def _settled(now: Callable[[], str]) -> str:
    before = ""
    while True:
        latest = now()
        if latest == before:
            return latest
        before = latest
        time.sleep(SETTLED_SECONDS)


def _painted(each: Drawn) -> str:
    return f"{each.text} [{each.color}]" if each.color not in (None, "transparent") else each.text


def _without_what_varies(line: str) -> str:
    for pattern, word in VARIES:
        line = re.sub(pattern, word, line)
    return line
