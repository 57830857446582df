"""What is watched, what is refused and what is said of it, on real trees with chosen refusals of the kernel."""

import errno
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from kubepki.disk.calls import Call
from kubepki.disk.disk import AskedHere, Disk
from kubepki.disk.tree import Place, remote_file_system, trace
from kubepki.watch.probe import Probe
from kubepki.watch.set import MAX_STARTS, RETRY_SECONDS
from kubepki.watch.watcher import Watcher
from tests.support.waiting import wait_until

LOG = logging.getLogger("test.watch")


class Kernel:
    """Refuses to watch the directories of `refused`, with that errno; a real kernel decides on the others."""

    def __init__(self) -> None:
        self.refused: dict[str, int] = {}
        self.now = 1000.0
        self.marks = 0
        self._probe = Probe()

    def probe(self, directory: str) -> None:
        """Raise the chosen refusal, else the kernel's."""
        number = self.refused.get(directory, self.refused.get("*"))
        if number is not None:
            raise OSError(number, os.strerror(number), directory)
        self._probe(directory)

    def mark(self) -> None:
        """Count."""
        self.marks += 1

    def close(self) -> None:
        """Give the instance back."""
        self._probe.close()


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    made = Kernel()
    yield made
    made.close()


@pytest.fixture
def watcher(kernel: Kernel) -> Iterator[Watcher]:
    made = Watcher(kernel.mark, log=LOG, probe=kernel.probe, now=lambda: kernel.now, max_directories=6)
    yield made
    made.stop()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path.resolve()


def test_a_directory_depends_on_its_entry_in_its_parent(root: Path) -> None:
    """The path of a plain directory leads to itself, and turns at its parent."""
    assert trace(str(root)).main == Place(directory=str(root))
    assert trace(str(root)).turns == (Place(directory=str(root.parent), name=root.name),)


def test_an_absent_directory_is_awaited_at_its_nearest_ancestor(root: Path) -> None:
    """Several missing levels lead to the existing one and the name that has to appear in it."""
    found = trace(f"{root}/a/b/c")
    assert found.main == Place(directory=str(root), name="a")
    assert found.refusal is None


def test_every_link_on_the_way_is_a_turn(root: Path) -> None:
    """A relative and an absolute link are followed, and each can make the path lead elsewhere."""
    (root / "real" / "pki").mkdir(parents=True)
    (root / "links").mkdir()
    (root / "links" / "one").symlink_to("../real")
    (root / "two").symlink_to(root / "links" / "one")
    found = trace(f"{root}//two/./pki/")
    assert found.main == Place(directory=str(root / "real" / "pki"))
    assert found.turns == (
        Place(directory=str(root), name="two"),
        Place(directory=str(root / "links"), name="one"),
        Place(directory=str(root / "real"), name="pki"),
    )


def test_a_loop_of_links_and_a_file_in_the_way_end(root: Path) -> None:
    """What leads nowhere is awaited where it could be repaired."""
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")
    (root / "file").touch()
    assert trace(f"{root}/a").main.directory == str(root)
    assert trace(f"{root}/file/pki").main == Place(directory=str(root), name="file")
    assert trace("/").main == Place(directory="/")


def test_events_flow_for_present_and_absent_directories(watcher: Watcher, root: Path) -> None:
    """An absent directory is up on its nearest ancestor; one that nobody asked for is not."""
    (root / "pki").mkdir()
    watcher.update({str(root / "pki"), str(root / "later" / "pki")})
    assert watcher.up(str(root / "pki"))
    assert watcher.up(str(root / "later" / "pki"))
    assert not watcher.up(str(root))
    assert not watcher.degraded()
    assert watcher.alive()


def test_a_second_look_at_an_unchanged_disk_asks_for_no_scan(watcher: Watcher, kernel: Kernel, root: Path) -> None:
    """A new watch asks for one scan; supervising what stands asks for none, else the scans would never end."""
    watcher.update({str(root)})
    assert kernel.marks == 1
    for _ in range(20):
        watcher.supervise()
    watcher.update({str(root)})
    assert kernel.marks == 1
    assert watcher.events() == 0


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.EMFILE, "max_user_instances"),
        (errno.ENOSPC, "max_user_watches"),
        (errno.EACCES, "read permission"),
        (errno.ENOSYS, "system calls"),
        (errno.EAGAIN, "TasksMax"),
        (errno.EIO, "tried again"),
    ],
)
def test_a_refused_directory_is_polled_until_events_flow_again(  # noqa: PLR0913, PLR0917 - the fixtures and the table
    watcher: Watcher, kernel: Kernel, root: Path, caplog: pytest.LogCaptureFixture, number: int, advice: str
) -> None:
    """One line says why and what to do, one line says that it is over, and the retries between say nothing."""
    caplog.set_level(logging.INFO)
    path = str(root)
    kernel.refused = {path: number}
    watcher.update({path})
    assert not watcher.up(path)
    assert watcher.degraded()
    for _ in range(5):
        kernel.now += RETRY_SECONDS
        watcher.supervise()
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert path in warnings[0]
    assert advice in warnings[0]
    kernel.refused = {}
    watcher.supervise()
    assert not watcher.up(path), "the next try is not due yet"
    kernel.now += RETRY_SECONDS
    marks = kernel.marks
    watcher.supervise()
    assert watcher.up(path)
    assert not watcher.degraded()
    assert kernel.marks == marks + 1, "what happened meanwhile was not announced"
    assert "watched again" in caplog.records[-1].getMessage()


def test_a_refused_parent_is_no_degradation(watcher: Watcher, kernel: Kernel, root: Path) -> None:
    """Where only the parent cannot be watched events flow, and supervision finds a recreated directory."""
    kernel.refused = {str(root.parent): errno.EACCES}
    watcher.update({str(root)})
    assert watcher.up(str(root))
    assert not watcher.degraded()


def test_beyond_the_bound_the_first_ones_are_watched(watcher: Watcher, root: Path) -> None:
    """Of too many directories those in `first` are watched, the others polled."""
    paths = [str(root / name) for name in "abcdefghi"]
    for path in paths:
        Path(path).mkdir()
    watcher.update(paths, first=paths[-2:])
    assert all(watcher.up(path) for path in paths[-2:])
    assert [watcher.up(path) for path in paths].count(False) == len(paths) - 5, "one of six is the parent"
    assert watcher.degraded()
    watcher.update(paths[-2:])
    assert not watcher.degraded()


class Remote(AskedHere):
    """A host on which some directories are of another file system."""

    def __init__(self, directory: str, system: str, *, own: bool) -> None:
        self._directory = directory
        self._facts = (1, 2, system, own)

    def ask(self, batch: Sequence[Call]) -> Sequence[Any]:
        """Answer as the disk does, but for the facts of the directory."""
        real = super().ask(batch)
        asked = ("facts", self._directory)
        return [self._facts if call == asked else answer for call, answer in zip(batch, real, strict=True)]


@pytest.mark.parametrize("own", [False, True])
def test_a_remote_file_system_is_polled(kernel: Kernel, root: Path, own: bool) -> None:  # noqa: FBT001 - a table
    """To watch it could hang for ever; only that of the root directory is watched, and does not count as up either."""
    asked: list[str] = []

    def probe(directory: str) -> None:
        asked.append(directory)
        kernel.probe(directory)

    made = Watcher(kernel.mark, log=LOG, probe=probe, disk=Disk(Remote(str(root), "NFS", own=own)))
    try:
        made.update({str(root)})
        assert not made.up(str(root))
        assert made.degraded()
        assert (str(root) in asked) is own
    finally:
        made.stop()


def test_the_file_system_of_this_tree_is_local(root: Path) -> None:
    """statfs(2) is read where the type stands: proc and the test's own tree are not remote."""
    assert remote_file_system(str(root)) is None
    assert remote_file_system("/proc") is None
    assert remote_file_system(str(root / "absent")) is None


def test_the_probe_names_the_error(root: Path) -> None:
    """A missing directory is ENOENT, a file ENOTDIR, and an existing directory passes, again and again."""
    probe = Probe()
    (root / "file").touch()
    try:
        for _ in range(100):
            probe(str(root))
        for name, number in (("absent", errno.ENOENT), ("file", errno.ENOTDIR)):
            with pytest.raises(OSError, match=name) as caught:
                probe(str(root / name))
            assert caught.value.errno == number
    finally:
        probe.close()


def test_stopped_is_not_up(kernel: Kernel, root: Path) -> None:
    """After the stop nothing is up, and a second stop is fine."""
    made = Watcher(kernel.mark, log=LOG)
    made.update({str(root)})
    made.stop()
    made.stop()
    assert not made.up(str(root))


def test_a_directory_that_cannot_be_kept_is_polled(watcher: Watcher, kernel: Kernel, root: Path) -> None:
    """A directory recreated without end is given up for a while instead of making a loop of scans."""
    path = root / "pki"

    path.mkdir()
    watcher.update({str(path)})
    for number in range(MAX_STARTS):
        assert watcher.up(str(path))
        path.rename(root / f"old{number}")
        path.mkdir()
        watcher.supervise()
    assert not watcher.up(str(path))
    kernel.now += RETRY_SECONDS + 0.1
    watcher.supervise()
    assert watcher.up(str(path))


def test_what_cannot_wait_is_told_apart(kernel: Kernel, root: Path) -> None:
    """A change of what is named asks for haste beside the mark; a change of its neighbour does not."""
    hurries: list[int] = []
    made = Watcher(kernel.mark, log=LOG, hurry=lambda: hurries.append(kernel.marks))
    try:
        made.update([str(root)])
        made.hurry_for(frozenset({f"{root}/a-current.pem"}))
        made.take_changed()  # what changed what is watched says nothing of one path
        (root / "other.pem").write_bytes(b"x")
        wait_until(lambda: f"{root}/other.pem" in (made.take_changed() or ()), timeout=20)
        assert hurries == []
        (root / "new").symlink_to("other.pem")
        (root / "new").rename(root / "a-current.pem")
        wait_until(lambda: bool(hurries), timeout=20)
        assert kernel.marks >= hurries[0] > 0
    finally:
        made.stop()
