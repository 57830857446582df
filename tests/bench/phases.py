"""Prints what each phase of a first scan costs, alone: `python -m tests.bench.phases [--files 10000]`.

In the service the phases overlap: files are read and judged while others are parsed.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from kubepki.disk.disk import Disk
from kubepki.disk.located import Looked
from kubepki.disk.process import LookingProcess
from kubepki.formats.parsed import Container
from kubepki.metrics.page import Page
from kubepki.metrics.text import Form
from kubepki.pki import layout
from kubepki.pki.parsing_process import parsing_process
from kubepki.pki.scan import Scanner
from kubepki.settings import Directory, PkiSettings, ScanSettings
from tests.bench.rivals import directory_of

SETTINGS = ScanSettings()


def timed(what: str, call: Callable[[], object]) -> None:
    """Print how long *call* takes, and how much of it this process computes."""
    began, spent = time.monotonic(), time.process_time()
    call()
    wall, own = time.monotonic() - began, time.process_time() - spent
    print(f"{what:<46}{wall * 1000:>9.0f} ms{own * 1000:>9.0f} ms", flush=True)  # noqa: T201 - the output


def measure(directory: Path, count: int) -> None:
    """Print a row for each phase over the *count* files of *directory*."""
    looking, parser = LookingProcess(seconds=SETTINGS.file_budget), parsing_process(SETTINGS)
    disk = Disk(looking)
    paths = [str(each) for each in sorted(directory.iterdir())]
    # Both have loaded what they need before anything is measured.
    disk.existing(paths[:1])
    parser.read_file(b"", None, Container.PEM_OR_DER)
    print(f"{count} files{'':<34}{'wall clock':>12}{'own CPU':>12}")  # noqa: T201 - the output

    def listed() -> object:
        suffixes, never, first = layout.CERTIFICATE_SUFFIXES, layout.NEVER_READ, layout.CURRENT
        return disk.names([str(directory)], 2 * count, suffixes=suffixes, never=never, first=first)

    timed("list the directory", listed)
    data: list[bytes] = []

    def read() -> None:
        for start in range(0, count, 128):
            looks = disk.look([(path, None) for path in paths[start : start + 128]], SETTINGS.max_file_size)
            data.extend(each.data for each in looks if isinstance(each, Looked) and each.data is not None)

    timed("read the files", read)
    timed("parse them", lambda: list(parser.read_files([(each, Container.PEM_OR_DER) for each in data], None)))
    settings = PkiSettings(
        directories=(Directory(path=str(directory), explicit=True),), files=(), kubeconfigs=(), presets=()
    )
    scanner = Scanner(settings, ScanSettings(max_files=2 * count), parser=parser, disk=disk)
    timed("all of this at once, and judge", scanner.scan)
    timed("look at everything again", scanner.scan)
    snapshot = scanner.scan().snapshot
    timed("write the page", lambda: Page(snapshot).fixed(Form.OPENMETRICS))
    page = Page(snapshot).fixed(Form.OPENMETRICS)
    timed("compress it", lambda: page.deflated)
    scanner.close()


def main() -> None:
    """Make the files, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.phases", description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kubepki-bench-") as root:
        measure(directory_of(Path(root), options.files)[0], options.files)


if __name__ == "__main__":
    main()
