"""Large files take no more memory together than they may, and a component's link has its room among them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from kubepki.disk import calls
from kubepki.disk.calls import Call
from kubepki.disk.disk import AskedHere, Disk
from kubepki.formats.parsed import ParsedFile
from kubepki.model import PathState, Reason
from kubepki.pki import room
from kubepki.pki.scan import Scanner
from kubepki.settings import Directory, PkiSettings, ScanSettings
from tests.support import pki
from tests.support.scenarios import CLIENT, stamp

_CA = pki.authority()
_BUNDLE = _CA.certificate_pem * 40
_FITTING = 5


@pytest.fixture
def scanner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scanner:
    one = room.weight(pki_file())
    assert one > room.LIGHT_BYTES
    monkeypatch.setattr(room, "MOST_BYTES", _FITTING * one)
    monkeypatch.setattr(room, "MOST_OF_LINKS_BYTES", 2 * one)
    pki.install(tmp_path, "kubelet-client", pki.client(_CA).pem, stamp(pki.NEW_YEAR))
    moments = iter(range(10**9))
    settings = PkiSettings(
        directories=(Directory(path=str(tmp_path), explicit=True),), files=(), kubeconfigs=(), presets=()
    )
    return Scanner(settings, ScanSettings(), boottime=lambda: float(next(moments)))


def pki_file() -> ParsedFile:
    """Return what a bundle holds."""
    from kubepki.formats import jobs  # noqa: PLC0415 - it loads the X.509 library
    from kubepki.formats.parsed import Container  # noqa: PLC0415 - beside it

    return jobs.read_file(_BUNDLE, None, Container.PEM_OR_DER)


def write(directory: Path, *names: str) -> None:
    for number, name in enumerate(names):
        (directory / name).write_bytes(_BUNDLE + b"#" * number)


def refused(states: tuple[PathState, ...]) -> set[str]:
    """Return the names that have no room."""
    return {
        state.path.rpartition("/")[2]
        for state in states
        for fault in state.faults
        if fault.reason is Reason.TOO_COSTLY and "MiB" in fault.detail
    }


def test_what_has_no_room_has_a_fault(scanner: Scanner, tmp_path: Path) -> None:
    """Of many large files so many are held as there is room for; small ones, and each later look, are as ever."""
    names = {f"{number}.pem" for number in range(12)}
    write(tmp_path, *sorted(names))
    for reread in (False, True, False):
        states = scanner.scan(reread=reread).snapshot.paths
        assert len(names - refused(states)) == _FITTING
        link = next(state for state in states if state.path.endswith(CLIENT))
        assert link.faults == ()
        assert link.certificates


@pytest.mark.parametrize("whole", [True, False])
def test_what_has_gone_leaves_its_room(scanner: Scanner, tmp_path: Path, *, whole: bool) -> None:
    """Files that come and go, are written anew, or are moved and linked, leave room for as many others."""
    scanner.scan()
    for number in range(4 * _FITTING):
        former = f"{number - 1}.pem"
        now = f"{number}.pem"
        write(tmp_path, now)
        if number % 2 and (tmp_path / former).exists():
            (tmp_path / former).unlink()
            (tmp_path / now).write_bytes(_BUNDLE + b"\n" * number)
        else:
            (tmp_path / former).unlink(missing_ok=True)
        changed = frozenset({str(tmp_path / former), str(tmp_path / now)})
        assert refused(scanner.scan(changed=None if whole else changed).snapshot.paths) == set()


def test_what_is_held_by_another_name_counts(scanner: Scanner, tmp_path: Path) -> None:
    """A second name of a file keeps it in memory after the first has gone, and so it takes room."""
    for number in range(12):
        name, other = f"{number}.pem", f"other-{number}.pem"
        write(tmp_path, name)
        (tmp_path / other).hardlink_to(tmp_path / name)
        scanner.scan(changed=frozenset({str(tmp_path / name), str(tmp_path / other)}))
        (tmp_path / name).unlink()
        states = scanner.scan(changed=frozenset({str(tmp_path / name)})).snapshot.paths
    assert len({f"other-{number}.pem" for number in range(12)} - refused(states)) <= _FITTING


def test_a_components_link_has_room_of_its_own(scanner: Scanner, tmp_path: Path) -> None:
    """Where others have taken all, a link that presents a long chain is read all the same."""
    write(tmp_path, *(f"{number}.pem" for number in range(12)))
    scanner.scan()
    pki.install(tmp_path, "kubelet-client", pki.client(_CA).pem + _BUNDLE, stamp(pki.NEW_YEAR + pki.DAY))
    link = next(state for state in scanner.scan().snapshot.paths if state.path.endswith(CLIENT))
    assert link.faults == ()
    assert len(link.certificates) == 41


class _Largest(AskedHere):
    """Notes the most files that were asked for at once."""

    most = 0

    def ask(self, batch: Sequence[Call]) -> Sequence[Any]:
        self.most = max(self.most, sum(call[0] == calls.look_call("", None, 0)[0] for call in batch))
        return super().ask(batch)


def test_what_is_on_its_way_fits_into_memory(tmp_path: Path) -> None:
    """However many files are new, those that are read at once take no more than 32 MiB, each as large as it may be."""
    for number in range(200):
        (tmp_path / f"{number}.pem").write_bytes(b"x")
    asked = _Largest()
    settings = PkiSettings(
        directories=(Directory(path=str(tmp_path), explicit=True),), files=(), kubeconfigs=(), presets=()
    )
    Scanner(settings, ScanSettings(), disk=Disk(asked)).scan()
    assert 1 < asked.most * ScanSettings().max_file_size <= 32 * room.MIB
