"""The links that components present now are looked at before anything else, and at a cost that nothing else raises."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kubepki.disk.calls import Call
from kubepki.disk.disk import AskedHere, Disk, Overtaken
from kubepki.model import Snapshot
from kubepki.pki.scan import Scanner
from kubepki.settings import Directory, Kubeconfig, PkiSettings, ScanSettings
from tests.support import pki
from tests.support.scenarios import CLIENT, stamp

_CA = pki.authority()
_STAMPS = [stamp(pki.NEW_YEAR + number * pki.DAY) for number in range(3)]


class _Counted(AskedHere):
    """Counts what it is asked, and is overtaken at a question of the test's choice."""

    def __init__(self) -> None:
        self.asked = 0
        self.rounds = 0
        self.overtaken_at = -1

    def ask(self, batch: Sequence[Call]) -> Sequence[Any]:
        if self.rounds == self.overtaken_at:
            self.overtaken_at = -1
            raise Overtaken
        self.rounds += 1
        self.asked += len(batch)
        return super().ask(batch)


class _Host:
    """A kubelet's directory, a kubeconfig that names its link, and a directory of *dangling* links."""

    def __init__(self, root: Path, dangling: int) -> None:
        self.directory, self.other = root / "pki", root / "other"
        self.directory.mkdir()
        self.other.mkdir()
        self.link = str(self.directory / CLIENT)
        self.rotate(0)
        for number in range(dangling):
            (self.other / f"{number}.pem").symlink_to("nowhere")
        (self.other / "plain.crt").write_bytes(_CA.certificate_pem)
        config = root / "kubelet.conf"
        user = pki.User(certificate=self.link, key=self.link)
        config.write_bytes(pki.kubeconfig([user], [pki.Cluster(ca=_CA.certificate_pem)]))
        self.settings = PkiSettings(
            directories=tuple(Directory(path=str(each), explicit=True) for each in (self.directory, self.other)),
            files=(),
            kubeconfigs=(Kubeconfig(path=str(config), optional=False),),
            presets=(),
        )
        moments = itertools.count()
        self.asked = _Counted()
        self.scanner = Scanner(
            self.settings, ScanSettings(), disk=Disk(self.asked), boottime=lambda: float(next(moments))
        )

    @property
    def remembered(self) -> frozenset[str]:
        return frozenset({self.link})

    def rotate(self, number: int) -> str:
        """Let the link lead to the file of the day *number*; return that."""
        pair = pki.client(_CA, not_before=pki.NEW_YEAR + number * pki.DAY)
        return str(pki.install(self.directory, "kubelet-client", pair.pem, _STAMPS[number]))

    def fresh(self) -> Snapshot:
        """Return what a scan that knows nothing says."""
        return Scanner(self.settings, ScanSettings()).scan(self.remembered).snapshot

    def target(self, snapshot: Snapshot) -> str | None:
        """Return where the link leads."""
        link = next(state.link for state in snapshot.paths if state.path == self.link)
        return None if link is None else link.target


@pytest.mark.parametrize("dangling", [0, 1_000])
def test_its_cost_is_that_of_the_links(dangling: int, tmp_path: Path) -> None:
    """Whatever else lies there, it asks for the same few paths, and tells where the link leads now."""
    host = _Host(tmp_path, dangling)
    host.scanner.scan(host.remembered)
    target = host.rotate(1)
    before = host.asked.asked
    found = host.scanner.look_first()
    assert found is not None
    assert host.target(found.snapshot) == target
    assert host.asked.asked - before < 40
    assert {host.link, target} == found.first


def test_it_tells_of_nothing_else(tmp_path: Path) -> None:
    """What else has changed stands as it was, a link that is gone does too, and the next scan tells of both."""
    host = _Host(tmp_path, 3)
    before = host.scanner.scan(host.remembered).snapshot
    (host.other / "plain.crt").write_bytes(b"nonsense")
    Path(host.link).unlink()
    found = host.scanner.look_first()
    assert found is not None
    assert found.snapshot == before
    assert host.scanner.scan(host.remembered).snapshot == host.fresh() != before


def test_before_the_first_scan_there_is_nothing_to_tell(tmp_path: Path) -> None:
    """What is expected is not known yet."""
    assert _Host(tmp_path, 0).scanner.look_first() is None


@pytest.mark.parametrize("whole", [True, False])
def test_a_scan_may_be_left_at_any_question(tmp_path: Path, *, whole: bool) -> None:
    """Left wherever it asks the disk, it takes nothing away: the link is told of, the next scan is whole."""
    host = _Host(tmp_path, 3)
    host.scanner.scan(host.remembered)
    for number in itertools.count():
        day = 1 + number % 2
        target = host.rotate(day)
        # What else changes: a file comes, another is written anew, a link moves.
        (host.other / f"new-{number}.crt").write_bytes(_CA.certificate_pem)
        (host.other / "plain.crt").write_bytes(_CA.certificate_pem + b"\n" * number)
        moving = host.other / "0.pem"
        moving.unlink(missing_ok=True)
        moving.symlink_to("plain.crt" if day == 1 else "nowhere")
        names = (f"new-{number}.crt", "plain.crt", "0.pem")
        changed = frozenset({host.link, target, *(str(host.other / name) for name in names)})
        host.asked.overtaken_at = host.asked.rounds + number
        try:
            host.scanner.scan(host.remembered, reread=number % 3 == 0, changed=None if whole else changed)
        except Overtaken:
            found = host.scanner.look_first()
            assert found is not None
            assert host.target(found.snapshot) == target
            assert host.scanner.scan(host.remembered, changed=changed).snapshot == host.fresh()
        else:
            assert number > 5, "it was never left"
            return


def test_links_of_others_do_not_crowd_out(tmp_path: Path) -> None:
    """A thousand links that have names as a kubelet's cost no more than a host can have, and its own is among them."""
    host = _Host(tmp_path, 0)
    remembered = host.scanner.scan(host.remembered).current_links
    for number in range(1_000):
        (host.other / f"{number}-current.pem").symlink_to(host.link)
    host.scanner.scan(remembered)
    target = host.rotate(1)
    before = host.asked.asked
    found = host.scanner.look_first()
    assert found is not None
    assert host.target(found.snapshot) == target
    assert host.asked.asked - before < 500


def test_a_silent_link_does_not_stop_the_others(tmp_path: Path) -> None:
    """One that was remembered and is gone is no obstacle."""
    host = _Host(tmp_path, 0)
    gone = str(host.directory / "kubelet-server-current.pem")
    host.scanner.scan(frozenset({host.link, gone}))
    target = host.rotate(2)
    found = host.scanner.look_first()
    assert found is not None
    assert host.target(found.snapshot) == target
    assert replace(found.snapshot, paths=()) == replace(host.fresh(), paths=())
