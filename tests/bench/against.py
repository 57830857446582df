"""Prints what the exporter costs beside its peer: `python -m tests.bench.against [--quick] [--sizes 4,1000,10000]`.

`PEER=/path` names the peer's binary (see `rivals`); without one the table has ours alone. Both run at the same time
over the same files and are asked in turn, so that whatever else the machine does meets both.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tests.bench import rivals
from tests.bench.figures import percentile
from tests.bench.rivals import Cost, Rival
from tests.bench.swaps import Around, rotations

MIB = 1 << 20
# Each waits for a minute, until that process has left.
COLD_SWAPS = 5
_AROUND = {
    "rotation to scrape, 4 files": Around(),
    "beside 1,000 old files": Around(old=1_000),
    "beside 10,000 others": Around(old=0, beside=10_000),
    "4 files, our parsing process has to be started": Around(cold=True),
}
# Milliseconds, p99.
AIMS = dict(zip(_AROUND, (40, 50, 60, 150), strict=True))
_ROWS: tuple[tuple[str, Callable[[Cost], str]], ...] = (
    ("scrape p50", lambda cost: f"{cost.scrape * 1000:.2f} ms"),
    ("the same with gzip", lambda cost: f"{cost.gzip * 1000:.2f} ms"),
    ("resident", lambda cost: f"{cost.resident / MIB:.1f} MiB"),
    ("resident, helping processes", lambda cost: f"{cost.helpers / MIB:.1f} MiB" if cost.helpers else "none"),
    ("CPU in an idle minute", lambda cost: f"{cost.idle:.2f} s"),
    ("start to first answer", lambda cost: f"{cost.first_answer:.2f} s"),
    ("start to first scrape with all files", lambda cost: f"{cost.first_scrape:.2f} s"),
)


def table(names: Sequence[str], costs: Sequence[Mapping[str, Cost]]) -> Iterator[str]:
    """Yield the lines of a table in Markdown: a row for each figure, a column for each size and rival."""
    heads = [f"{each[names[0]].files:,} files, {' / '.join(names)}" for each in costs]
    yield f"| | {' | '.join(heads)} |"
    yield f"| --- |{' --- |' * len(heads)}"
    for what, told in _ROWS:
        cells = (" / ".join(told(each[name]) for name in names) for each in costs)
        yield f"| {what} | {' | '.join(cells)} |"


def rotation_rows(contenders: Sequence[Rival], root: Path, *, quick: bool) -> Iterator[str]:
    """Yield a row for each surrounding of a rotation; the peer looks every 30 seconds, so that it swaps seldom."""
    yield f"| | {' | '.join(each.name for each in contenders)} |"
    yield f"| --- |{' --- |' * len(contenders)}"
    for what, whole in _AROUND.items():
        around = replace(whole, beside=whole.beside // 10) if quick else whole
        cells = []
        for rival in contenders:
            if rival.name != "ours":
                swaps = 0 if around.cold else 2
            else:
                swaps = (1 if quick else COLD_SWAPS) if around.cold else 5 if quick else 200
            cells.append(_told(rotations(rival, root, swaps, around)) if swaps else "none")
        yield f"| {rotation_title(what)} | {' | '.join(cells)} |"


def rotation_title(what: str) -> str:
    """Return how the row of *what*, one of `AIMS`, begins."""
    return f"{what}; aim {AIMS[what]} ms"


def _told(seconds: tuple[float, ...]) -> str:
    p50, p99 = (percentile(seconds, share) * 1000 for share in (0.5, 0.99))
    return f"p50 {p50:.0f} ms, p99 {p99:.0f} ms of {len(seconds)}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.against", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, to see that it runs")
    parser.add_argument("--sizes", default="4,1000,10000", help="numbers of files")
    parser.add_argument("--idle", type=float, default=60.0, help="seconds of idleness that are measured")
    parser.add_argument("--no-rotations", action="store_true", help="leave the rotations out")
    options = parser.parse_args()
    binary = os.environ.get("PEER", "")
    contenders = [rivals.ours(sys.executable), *([rivals.peer(binary)] if binary else [])]
    names = [each.name for each in contenders]
    costs = []
    with tempfile.TemporaryDirectory(prefix="kubepki-bench-") as root:
        for size in map(int, options.sizes.split(",")):
            repeated = 10 if options.quick else 200 if size < 1_000 else 30
            window = 5.0 if options.quick else options.idle
            costs.append(rivals.compare(contenders, Path(root), size, scrapes=repeated, idle=window))
        for line in table(names, costs):
            print(line, flush=True)  # noqa: T201 - the output
        if not options.no_rotations:
            print()  # noqa: T201 - the output
            for line in rotation_rows(contenders, Path(root), quick=options.quick):
                print(line, flush=True)  # noqa: T201 - the output


if __name__ == "__main__":
    main()
