"""The look at what has not changed: one question for all of it, and no change passes unseen."""

import itertools
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from kubepki.disk.calls import MOVED, NO_ANSWER, Call
from kubepki.disk.crew import Crew
from kubepki.disk.disk import AskedHere, Disk
from kubepki.disk.unchanged import listing_stamp
from kubepki.model import Snapshot
from kubepki.pki.scan import Scanner
from kubepki.settings import Directory, PkiSettings, ScanSettings
from tests.support import pki
from tests.support.waiting import wait_until

LONG_AGO = 1_600_000_000
CA = pki.authority()
ONE, OTHER = (pki.client(CA, name) for name in ("node1", "node2"))


class Counting(AskedHere):
    """Counts the calls by their names."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def ask(self, batch: Sequence[Call]) -> Sequence[Any]:
        """Return one answer for each call of *batch*."""
        self.counts.update(f"{call[0]} {call[1]}" if call[0] == "look" else call[0] for call in batch)
        return super().ask(batch)


class Host:
    """A directory with a file that holds its key, and a pair; all written long ago, and looked at twice."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "whole.pem").write_bytes(ONE.pem)
        (root / "pair.crt").write_bytes(ONE.certificate_pem)
        (root / "pair.key").write_bytes(ONE.key_pem)
        self.asked = Counting()
        boot = itertools.count(1.0)
        self.settings = PkiSettings(directories=(Directory(path=str(root), explicit=True),), kubeconfigs=())
        self.scanner = Scanner(
            self.settings,
            ScanSettings(),
            disk=Disk(self.asked),
            boottime=lambda: next(boot),
        )
        self.snapshot()
        self.snapshot()
        self.asked.counts.clear()

    def snapshot(self) -> Snapshot:
        """Return what the next look says."""
        return self.scanner.scan().snapshot

    def fresh(self) -> Snapshot:
        """Return what a scanner says that knows nothing."""
        return Scanner(self.settings, ScanSettings()).scan().snapshot


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_what_has_not_changed_is_asked_for_at_once(host: Host) -> None:
    """Of three files there is one question, and none is looked at."""
    assert len(host.snapshot().paths) == 3
    assert host.asked.counts["moved"] == 1
    assert not [each for each in host.asked.counts if each.startswith("look")]


def link_in_its_place(root: Path) -> None:
    (root / "whole.pem").unlink()
    (root / "whole.pem").symlink_to("pair.crt")


def directory_for_a_key(root: Path) -> None:
    (root / "pair.key").unlink()
    (root / "pair.key").mkdir()


CHANGES: dict[str, Callable[[Path], object]] = {
    "rewritten in place": lambda root: (root / "whole.pem").write_bytes(OTHER.pem),
    "another under its name": lambda root: (root / "pair.crt").rename(root / "whole.pem"),
    "gone": lambda root: (root / "whole.pem").unlink(),
    "a link in its place": link_in_its_place,
    "another key": lambda root: (root / "pair.key").write_bytes(OTHER.key_pem),
    "no key": lambda root: (root / "pair.key").unlink(),
    "a directory for a key": directory_for_a_key,
    "a new one": lambda root: (root / "new.pem").write_bytes(OTHER.pem),
    "a second name": lambda root: os.link(root / "whole.pem", root / "a.pem"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen_by_the_next_look(host: Host, change: str) -> None:
    """Also one that leaves the directory's time alone."""
    before = host.snapshot()
    CHANGES[change](host.root)
    assert host.snapshot() == host.fresh() != before


def test_a_fresh_directory_has_no_stamp(tmp_path: Path) -> None:
    """Another change of it would leave the same time; an old one has a stamp, and one that is absent none."""
    assert listing_stamp(str(tmp_path)) is None
    assert listing_stamp(str(tmp_path / "absent")) is None
    old = tmp_path / "old"
    old.mkdir()
    # Its change time is that of now, which no call sets.
    os.utime(old, (LONG_AGO, LONG_AGO))
    assert listing_stamp(str(old)) is None
    assert listing_stamp("/") is not None


def test_one_that_hangs_leaves_the_others_to_be_looked_at() -> None:
    """Nobody waits for it, nothing of its question counts as unchanged, and the next question is not asked at all."""
    release = threading.Event()

    def perform(call: Call) -> Any:  # noqa: ANN401 - as in `calls`
        if call[0] == MOVED and call[1] == "/b":
            release.wait(60)
        return ()

    crew = Crew(perform, returned=lambda: None, mounts=tuple)
    question = ("moved", "/a", (("/a",), ("/b",), ("/c",)))
    try:
        answers = crew.perform([question], seconds=0.05, room=1_000, tick=lambda _path, _since: None)
        assert answers == [NO_ANSWER]
        assert list(crew.lost()) == ["/b"]
        assert crew.perform([question], seconds=0.05, room=1_000, tick=lambda _path, _since: None) == [NO_ANSWER]
    finally:
        release.set()
    wait_until(lambda: not crew.lost(), describe="the lost one to come back")
    assert crew.perform([question], seconds=60.0, room=1_000, tick=lambda _path, _since: None) == [()]


def test_time_in_which_this_process_did_not_run_is_not_a_path_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that stood still, or was busy with others for minutes, has no path that hangs."""
    slept = [0.0]
    ticks = itertools.count()
    looked_at = threading.Event()
    monkeypatch.setattr("kubepki.disk.crew.time.monotonic", lambda: time.perf_counter() + slept[0])

    def perform(_call: Call) -> Any:  # noqa: ANN401 - as in `calls`
        slept[0] += 600.0
        assert looked_at.wait(60)
        return "here"

    def tick(_path: str | None, _since: float) -> None:
        if next(ticks) > 2:
            looked_at.set()

    crew = Crew(perform, returned=lambda: None, mounts=tuple)
    assert crew.perform([("exists", "/a")], seconds=30.0, room=1_000, tick=tick) == ["here"]
    assert not crew.lost()
