"""What still differs is listed in docs/conformance.md, row by row, and each row is so."""

from pathlib import Path

import pytest

from kubepki.model import Fault
from kubepki.pki.scan import Scanner
from kubepki.settings import Directory, Kubeconfig, PkiSettings, ScanSettings
from tests.conformance.chains import CHAIN_DIFFERENCES
from tests.conformance.differences import DIFFERENCES, Difference
from tests.conformance.test_files import is_critical
from tests.support.oracle import Oracle

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"


def found_at(path: Path) -> tuple[Fault, ...]:
    """Return what a scan says against *path*, nothing where it passes over it."""
    is_kubeconfig = path.suffix == ".conf"
    settings = PkiSettings(
        directories=() if is_kubeconfig else (Directory(path=str(path.parent), explicit=True),),
        kubeconfigs=(Kubeconfig(path=str(path), optional=False),) if is_kubeconfig else (),
        presets=(),
    )
    states = Scanner(settings, ScanSettings()).scan().snapshot.paths
    return next((state.faults for state in states if state.path == str(path)), ())


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda each: each.case)
def test_each_row_is_so(difference: Difference, oracle: Oracle, tmp_path: Path) -> None:
    """The exporter and the consumer disagree about the file that stands for the row."""
    judged, asked = difference.write(tmp_path)
    assert is_critical(found_at(judged)) == oracle.ask(difference.kind, *asked).taken


def test_the_page_has_these_rows() -> None:
    """No exception without its row, no row without its exception."""
    table = PAGE.read_text().partition("## What still differs")[2].splitlines()
    rows = [line for line in table if line.startswith("| ")][1:]
    written = {tuple(cell.strip() for cell in row.strip("|").split("|")) for row in rows if not row.startswith("| -")}
    known = (*DIFFERENCES, *CHAIN_DIFFERENCES)
    assert written == {(each.case, each.exporter, each.consumer, each.reason) for each in known}
