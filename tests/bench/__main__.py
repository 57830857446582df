"""Prints what the exporter costs and how fast it is: `python -m tests.bench [--python PATH]… [--quick]`.

Each `--python` is measured beside this interpreter, such as one that has the oldest supported libraries.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench import figures
from tests.bench.figures import percentile

MIB = 1 << 20
LIBRARIES = "prometheus-client cryptography watchdog"
_VERSIONS = (
    "import sys, importlib.metadata as m; print('Python', sys.version.split()[0], "
    f"*(f'{{name}} {{m.version(name)}}' for name in '{LIBRARIES}'.split()))"
)


def rows(python: str, root: Path, *, quick: bool) -> Iterator[tuple[str, str, str]]:
    """Yield what was measured, the figure and its target."""
    swaps = figures.rotations(root, 20 if quick else 200, python)
    count = len(swaps.latencies)
    yield f"last rename to scrape, {count} swaps, p50", _ms(percentile(swaps.latencies, 0.5)), ""
    yield f"last rename to scrape, {count} swaps, p99", _ms(percentile(swaps.latencies, 0.99)), "< 50 ms"
    yield f"wrong scrapes of {swaps.scrapes} meanwhile", str(swaps.wrong), "0"
    starts = figures.start(root, python, 3 if quick else 7)
    yield "start to first scrape, 4 files, median", _ms(percentile(starts, 0.5)), "< 300 ms"
    for files in (4, 1_000) if quick else (4, 1_000, 10_000):
        cost = figures.load(root, files, python, 200 if files < 1_000 else 20)
        small = files == 4
        yield f"scrape, {files} files, p50", _ms(percentile(cost.scrapes, 0.5)), "< 2 ms" if small else ""
        yield f"scrape, {files} files, p99", _ms(percentile(cost.scrapes, 0.99)), ""
        yield f"resident, {files} files", f"{cost.resident / MIB:.1f} MiB", "< 40 MB" if small else ""
        yield f"first scan, {files} files", _ms(cost.first_scan), "< 3000 ms" if files == 10_000 else ""
        yield f"start to first scrape, {files} files", _ms(cost.first_scrape), ""
    window = 5.0 if quick else 60.0
    yield f"CPU of an idle minute (from {window:g} s)", f"{figures.idle(root, python, window):.3f} s", "< 0.1 s"
    lasting = figures.endurance(root, 200 if quick else 10_000, python)
    for name, (early, late), unit in (
        ("descriptors", lasting.descriptors, 1),
        ("resident MiB", lasting.resident, MIB),
    ):
        what = f"{name} after {lasting.rotations // 10} and {lasting.rotations} rotations"
        yield what, f"{early / unit:.4g}, {late / unit:.4g}", "flat"


def main() -> None:
    """Measure with each interpreter and print a table for each."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--python", action="append", default=[], help="another interpreter to measure beside this one")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, to see that it runs")
    options = parser.parse_args()
    for python in (sys.executable, *options.python):
        versions = subprocess.run([python, "-c", _VERSIONS], check=True, capture_output=True, text=True).stdout.strip()
        print(f"\n{versions}\n{'':-<80}")  # noqa: T201 - the output
        with tempfile.TemporaryDirectory(prefix="kubepki-bench-") as root:
            for what, figure, target in rows(python, Path(root), quick=options.quick):
                print(f"{what:<50}{figure:>18}  {target}", flush=True)  # noqa: T201 - the output


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


if __name__ == "__main__":
    main()
