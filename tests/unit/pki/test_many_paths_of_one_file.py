"""Thousands of paths may lead to one file, and chains of links may have no end."""

import os
import time
from pathlib import Path

from kubepki.disk.real import real_path
from kubepki.model import Reason
from kubepki.pki.scan import Scanner
from kubepki.settings import Directory, PkiSettings, ScanSettings
from tests.support import pki

_FEW, _MANY = 2_000, 8_000


def _scanner(directory: Path) -> Scanner:
    return Scanner(PkiSettings(directories=(Directory(path=str(directory), explicit=True),)), ScanSettings())


def _cost(directory: Path, number: int) -> float:
    """Return the least CPU time of three scans, each after the file has changed."""
    directory.mkdir()
    first = directory / "0.pem"
    first.write_bytes(pki.client(pki.authority()).pem)
    for other in range(1, number):
        os.link(first, directory / f"{other}.pem")
    scanner = _scanner(directory)
    spent = []
    for changed in range(3):
        os.utime(first, (changed, changed))
        started = time.process_time()
        scanner.scan()
        spent.append(time.process_time() - started)
    return min(spent)


def test_hard_links_cost_as_many_times_as_they_are(tmp_path: Path) -> None:
    """And not the square of that, of which four times as many would take sixteen times as long."""
    assert _cost(tmp_path / "many", _MANY) < 10 * _cost(tmp_path / "few", _FEW)


def test_a_chain_of_links_is_followed_as_far_as_the_kernel_does(tmp_path: Path) -> None:
    """Each of its links has its fault, and what lies beside it is read."""
    (tmp_path / "good.pem").write_bytes(pki.client(pki.authority()).pem)
    for number in range(2_000):
        (tmp_path / f"l{number}.pem").symlink_to(tmp_path / f"l{number + 1}.pem")
    (tmp_path / "loop.pem").symlink_to("loop.pem")
    paths = {state.path: state for state in _scanner(tmp_path).scan().snapshot.paths}
    reasons = {fault.reason for path, state in paths.items() for fault in state.faults if path.endswith("l0.pem")}
    assert reasons == {Reason.SYMLINK_LOOP}
    assert {fault.reason for state in paths.values() for fault in state.faults} == {
        Reason.SYMLINK_LOOP,
        Reason.DANGLING,
    }
    assert paths[str(tmp_path / "good.pem")].certificates
    assert real_path(str(tmp_path / "l0.pem")) == str(tmp_path / "l0.pem")
    assert real_path(str(tmp_path / "l1999.pem")) == str(tmp_path / "l2000.pem")
