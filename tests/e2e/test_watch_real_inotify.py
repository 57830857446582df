"""Real trees, real inotify, real watchdog: each change wakes, our own reads do not, and nothing kills the watch."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from watchdog.observers.inotify import InotifyEmitter

from kubepki.watch.watcher import Watcher
from tests.support.waiting import wait_until

LOG = logging.getLogger("test.watch")
ROUND_TRIP = ".marker-of-the-test"


class Watched:
    """A watcher and what it said."""

    def __init__(self) -> None:
        self.marks = 0
        self.explode = False
        self.watcher = Watcher(self.mark, log=LOG)

    def mark(self) -> None:
        """Count, and raise if told to."""
        self.marks += 1
        if self.explode:
            raise ValueError

    def woken_since(self, before: int) -> None:
        """Wait until there are more events than *before*."""
        wait_until(lambda: self.watcher.events() > before, timeout=5.0, describe="an event")

    def settle(self, directory: Path) -> int:
        """Wait until all events so far have arrived, and return their number."""
        marker = directory / ROUND_TRIP
        for act in (marker.mkdir, marker.rmdir):
            before = self.watcher.events()
            act()
            self.woken_since(before)
        quiet = threading.Event()
        count = -1
        while count != self.watcher.events():
            count = self.watcher.events()
            quiet.wait(0.1)
        return count


@pytest.fixture
def watched() -> Iterator[Watched]:
    threads = set(threading.enumerate())
    made = Watched()
    yield made
    made.watcher.stop()
    wait_until(lambda: set(threading.enumerate()) <= threads, describe="the end of the watcher's threads")


@pytest.fixture
def pki(tmp_path: Path) -> Path:
    path = tmp_path.resolve() / "var" / "pki"
    path.mkdir(parents=True)
    return path


def test_each_kind_of_change_wakes(watched: Watched, pki: Path) -> None:
    """Create, write, chmod, link, swap a link, rename in, rename out and delete each bring an event."""
    outside = pki.parent / "outside"
    watched.watcher.update({str(pki)})

    def swap() -> None:
        (pki / "updated").symlink_to("b")
        (pki / "updated").rename(pki / "current")

    changes: tuple[Callable[[], object], ...] = (
        (pki / "a").touch,
        partial((pki / "a").write_text, "text"),
        partial((pki / "a").chmod, 0o600),
        partial((pki / "current").symlink_to, "a"),
        swap,
        partial((pki / "a").rename, outside),
        partial(outside.rename, pki / "b"),
        (pki / "b").unlink,
    )
    for change in changes:
        before = watched.settle(pki)
        change()
        watched.woken_since(before)


def test_our_own_reads_do_not_wake(watched: Watched, pki: Path) -> None:
    """Opening, reading, listing and closing bring no event, else a scan would cause the next one."""
    (pki / "a").write_text("text")
    watched.watcher.update({str(pki)})
    before = watched.settle(pki)
    for _ in range(50):
        (pki / "a").read_text()
        os.listdir(pki)  # noqa: PTH208 - as the scan does
        watched.watcher.supervise()
    assert watched.settle(pki) - before <= 8, "the marker's own events at most"


def test_neighbours_in_the_parent_do_not_wake(watched: Watched, pki: Path) -> None:
    """Of the parent only the directory's own entry matters."""
    watched.watcher.update({str(pki)})
    before = watched.settle(pki)
    for number in range(50):
        (pki.parent / f"neighbour{number}").write_text("text")
    assert watched.settle(pki) - before <= 8, "the marker's own events at most"


def test_deleted_and_recreated(watched: Watched, pki: Path) -> None:
    """The new directory of the same name is watched as the old one was."""
    watched.watcher.update({str(pki)})
    for _ in range(3):
        before = watched.settle(pki)
        pki.rmdir()
        watched.woken_since(before)
        watched.watcher.supervise()
        assert watched.watcher.up(str(pki))
        before = watched.watcher.events()
        pki.mkdir()
        watched.woken_since(before)
        watched.watcher.supervise()
        before = watched.settle(pki)
        (pki / "a").touch()
        watched.woken_since(before)
        (pki / "a").unlink()


def test_deleted_and_recreated_between_two_looks(watched: Watched, pki: Path) -> None:
    """The dead emitter is found although the path exists, even with the same inode number."""
    watched.watcher.update({str(pki)})
    before = watched.settle(pki)
    pki.rmdir()
    pki.mkdir()
    watched.woken_since(before)

    def alive_again() -> bool:
        watched.watcher.supervise()
        events = watched.watcher.events()
        (pki / "a").write_text("text")
        try:
            wait_until(lambda: watched.watcher.events() > events, timeout=0.3)
        except AssertionError:
            return False
        return True

    wait_until(alive_again, describe="events of the new directory")


def test_renamed_and_replaced(watched: Watched, pki: Path) -> None:
    """The replacement is watched, and the old inode under its new name no longer."""
    watched.watcher.update({str(pki)})
    before = watched.settle(pki)
    pki.rename(pki.parent / "old")
    pki.mkdir()
    watched.woken_since(before)
    watched.watcher.supervise()
    before = watched.settle(pki)
    (pki.parent / "old" / "a").touch()
    assert watched.settle(pki) - before <= 8, "the marker's own events at most"
    before = watched.settle(pki)
    (pki / "a").touch()
    watched.woken_since(before)


def test_an_ancestor_renamed_and_replaced(watched: Watched, pki: Path) -> None:
    """No event tells of it, but supervision finds another inode and asks for a scan."""
    watched.watcher.update({str(pki)})
    watched.settle(pki)
    pki.parent.rename(pki.parent.parent / "old")
    pki.mkdir(parents=True)
    marks = watched.marks
    watched.watcher.supervise()
    assert watched.marks > marks
    before = watched.settle(pki)
    (pki / "a").touch()
    watched.woken_since(before)


def test_moved_away_and_back(watched: Watched, pki: Path) -> None:
    """While it is away the parent is watched; when it is back, its content is."""
    watched.watcher.update({str(pki)})
    before = watched.settle(pki)
    away = pki.parent.parent / "away"
    pki.rename(away)
    watched.woken_since(before)
    watched.watcher.supervise()
    assert watched.watcher.up(str(pki))
    before = watched.watcher.events()
    away.rename(pki)
    watched.woken_since(before)
    watched.watcher.supervise()
    watched.settle(pki)


def test_absent_at_the_start_and_made_level_by_level(watched: Watched, tmp_path: Path) -> None:
    """Each new level wakes, and at last the directory itself is watched."""
    path = tmp_path.resolve() / "a" / "b" / "c"
    watched.watcher.update({str(path)})
    for level in (path.parent.parent, path.parent, path):
        before = watched.watcher.events()
        level.mkdir()
        watched.woken_since(before)
        watched.watcher.supervise()
        assert watched.watcher.up(str(path))
    before = watched.settle(path)
    (path / "a").touch()
    watched.woken_since(before)


def test_behind_a_link_that_is_swapped(watched: Watched, pki: Path) -> None:
    """Changes behind the link wake, the swap of the link wakes, and so do changes behind the new target."""
    link = pki.parent.parent / "link"
    link.symlink_to(pki)
    watched.watcher.update({str(link)})
    before = watched.settle(pki)
    (pki / "a").touch()
    watched.woken_since(before)
    other = pki.parent / "other"
    other.mkdir()
    before = watched.settle(pki)
    new = pki.parent.parent / "new"
    new.symlink_to(other)
    new.rename(link)
    watched.woken_since(before)
    watched.watcher.supervise()
    watched.settle(other)


def test_an_exception_in_the_mark_does_not_end_the_events(watched: Watched, pki: Path) -> None:
    """The observer's thread outlives whatever its handler raises."""
    watched.watcher.update({str(pki)})
    watched.settle(pki)
    watched.explode = True
    marks = watched.marks
    (pki / "a").touch()
    wait_until(lambda: watched.marks > marks, describe="the exception")
    watched.explode = False
    assert watched.watcher.alive()
    before = watched.settle(pki)
    (pki / "b").touch()
    watched.woken_since(before)


def test_a_rename_out_is_announced_at_once(watched: Watched, pki: Path) -> None:
    """The wait of watchdog of half a second for the other half of a rename does not apply."""
    (pki / "a").touch()
    watched.watcher.update({str(pki)})
    before = watched.settle(pki)
    (pki / "a").rename(pki.parent / "a")
    wait_until(lambda: watched.watcher.events() > before, timeout=0.25, describe="the rename")


UNREADABLE = """
import logging, os, sys
from kubepki.watch.watcher import Watcher
path = sys.argv[1]
os.setgid(65534)
os.setuid(65534)
clock = [0.0]
watcher = Watcher(lambda: None, log=logging.getLogger(), now=lambda: clock[0])
watcher.update({path})
print(int(watcher.up(path)), int(watcher.degraded()), flush=True)
sys.stdin.readline()
clock[0] += 60
watcher.supervise()
print(int(watcher.up(path)), flush=True)
watcher.stop()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_without_permission_it_is_polled_until_there_is_one(pki: Path, tmp_path: Path) -> None:
    """The kernel's EACCES, which watchdog hides, is seen, and given up when the permission comes."""
    for directory in (pki.parent, *tmp_path.parents[:2], tmp_path):
        directory.chmod(0o755)
    pki.chmod(0o700)
    with subprocess.Popen(
        [sys.executable, "-c", UNREADABLE, str(pki)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline().split() == ["0", "1"]
        pki.chmod(0o755)
        child.stdin.write("\n")
        child.stdin.flush()
        assert child.stdout.readline().split() == ["1"]


EXHAUSTED = """
import ctypes, logging, os, sys
path = sys.argv[1]
libc = ctypes.CDLL(None)
from kubepki.watch.watcher import Watcher
if libc.unshare(0x10000000) != 0:
    sys.exit(77)
try:
    with open("/proc/sys/user/max_inotify_instances", "w") as limit:
        limit.write("0")
except OSError:
    sys.exit(77)
messages = []
class Keep(logging.Handler):
    def emit(self, record):
        messages.append(record.getMessage())
log = logging.getLogger()
log.addHandler(Keep())
clock = [0.0]
watcher = Watcher(lambda: None, log=log, now=lambda: clock[0])
watcher.update({path})
assert not watcher.up(path) and watcher.degraded()
assert len(messages) == 1 and "max_user_instances" in messages[0], messages
with open("/proc/sys/user/max_inotify_instances", "w") as limit:
    limit.write("100")
clock[0] += 60
watcher.supervise()
assert watcher.up(path), messages
watcher.stop()
"""


def test_an_exhausted_limit_of_instances_is_polled_until_it_is_raised(pki: Path) -> None:
    """In a user namespace whose limit is zero the kernel itself refuses; after it is raised events flow."""
    done = subprocess.run(
        [sys.executable, "-c", EXHAUSTED, str(pki)], capture_output=True, text=True, timeout=30, check=False
    )
    if done.returncode == 77:
        pytest.skip("no user namespace with limits of its own here")
    assert done.returncode == 0, done.stderr


def test_a_storm_is_delivered_and_survived(watched: Watched, pki: Path) -> None:
    """Twenty thousand changes, more than the kernel's queue may hold, leave the watch alive."""
    watched.watcher.update({str(pki)})
    before = watched.settle(pki)
    for number in range(10_000):
        path = pki / f"{number % 7}"
        path.touch()
        path.unlink()
    watched.woken_since(before)
    watched.watcher.supervise()
    before = watched.settle(pki)
    (pki / "after").touch()
    watched.woken_since(before)


def test_an_emitter_that_ended_by_itself_is_replaced(watched: Watched, pki: Path) -> None:
    """The same directory with the same inode is watched again after its emitter's thread has ended."""
    watched.watcher.update({str(pki)})
    watched.settle(pki)
    [emitter] = [
        thread
        for thread in threading.enumerate()
        if isinstance(thread, InotifyEmitter) and thread.watch.path == str(pki)
    ]
    emitter.stop()
    emitter.join()
    watched.watcher.supervise()
    before = watched.watcher.events()
    (pki / "a").touch()
    watched.woken_since(before)
