"""What outlives a restart, and what a damaged or unwritable directory does to it."""

import json
import logging
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubepki.clocks.state import State
from kubepki.clocks.state_file import MAX_FILE_SIZE, MAX_LINKS
from kubepki.clocks.steps import ClockPair
from kubepki.model import Rotation

LINK = "/var/lib/kubelet/pki/kubelet-client-current.pem"
TARGET = "/var/lib/kubelet/pki/kubelet-client-2021-09-01-13-21-24.pem"
ROTATION = Rotation(path=LINK, target=TARGET, clock_synchronized=False)


def written(directory: Path) -> dict[str, object]:
    content: dict[str, object] = json.loads((directory / "state.json").read_text())
    return content


def at(host: float, boot: float = 500.0) -> ClockPair:
    return ClockPair(host=host, boot=boot, width=0.0)


def names(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


@pytest.mark.parametrize("fact", [True, False, None])
def test_round_trip(tmp_path: Path, fact: bool | None) -> None:  # noqa: FBT001
    """A restart finds the last synchronised time and each link's fact."""
    state = State(str(tmp_path))
    state.record_change(LINK, TARGET, synchronized=fact)
    state.note_synchronized(at(1_000.25))
    assert state.flush()
    again = State(str(tmp_path))
    assert again.last_synchronized == 1_000.25
    assert again.rotations() == (Rotation(path=LINK, target=TARGET, clock_synchronized=fact),)
    assert again.links() == (LINK,)


def test_the_directory_is_made_and_the_file_private(tmp_path: Path) -> None:
    """A missing directory is made; nothing but the file is left in it."""
    directory = tmp_path / "a" / "b"
    state = State(str(directory))
    state.record_change(LINK, TARGET, synchronized=None)
    assert state.flush()
    assert names(directory) == ["state.json"]
    assert (directory / "state.json").stat().st_mode & 0o777 == 0o600


def test_recording_does_not_touch_the_disk(tmp_path: Path) -> None:
    """Only flush writes, and only when there is something to write."""
    state = State(str(tmp_path))
    assert state.flush()
    state.record_change(LINK, TARGET, synchronized=True)
    assert names(tmp_path) == []
    assert state.flush()
    before = (tmp_path / "state.json").stat().st_ino
    assert state.flush()
    assert (tmp_path / "state.json").stat().st_ino == before


def test_synchronized_is_written_once_a_minute(tmp_path: Path) -> None:
    """The first time, each minute, at the loss, and at the end; never in between."""
    state = State(str(tmp_path))
    seen = []
    for host_time in (1_000.0, 1_030.0, 1_059.0, 1_060.0, 1_090.0):
        state.note_synchronized(at(host_time))
        state.flush()
        seen.append(written(tmp_path)["last_synchronized"])
    assert seen == [1_000.0, 1_000.0, 1_000.0, 1_060.0, 1_060.0]
    state.note_unsynchronized()
    state.flush()
    assert written(tmp_path)["last_synchronized"] == 1_090.0
    state.note_synchronized(at(1_100.0))
    state.flush(everything=True)
    assert written(tmp_path)["last_synchronized"] == 1_100.0


def test_synchronized_follows_a_clock_that_was_set_back(tmp_path: Path) -> None:
    """A minute in either direction is a reason to write."""
    state = State(str(tmp_path))
    for host_time in (10_000.0, 2_140.0):
        state.note_synchronized(at(host_time))
        state.flush()
    assert written(tmp_path)["last_synchronized"] == 2_140.0


@pytest.mark.parametrize(
    ("host", "boot", "kept"),
    [
        (1_000.0 + 3_600, 500.0 + 3_600, True),
        (1_000.0 + 3_600 + 3, 500.0 + 3_600, True),
        (1_000.0 + 3_600 - 7_860, 500.0 + 3_600, False),
        (1_000.0 + 3_600 + 7_860, 500.0 + 3_600, False),
        (1_000.0 + 3_600, 20.0, None),
    ],
)
def test_whether_the_clock_has_run_on(tmp_path: Path, *, host: float, boot: float, kept: bool | None) -> None:
    """It has where it moved with CLOCK_BOOTTIME, in the next process too; over a boot that is not known."""
    state = State(str(tmp_path))
    assert state.kept(at(host, boot)) is None
    state.note_synchronized(at(1_000.0))
    assert state.flush()
    assert state.kept(at(host, boot)) is kept
    assert State(str(tmp_path)).kept(at(host, boot)) is kept


def test_names_that_are_no_utf8(tmp_path: Path) -> None:
    """A path of any bytes comes back as it was."""
    path = os.fsdecode(b"/pki/\xff\xfe-current.pem")
    state = State(str(tmp_path))
    state.record_change(path, os.fsdecode(b"/pki/\x80.pem"), synchronized=True)
    assert state.flush()
    assert State(str(tmp_path)).rotations() == state.rotations()
    assert os.fsencode(State(str(tmp_path)).links()[0]) == b"/pki/\xff\xfe-current.pem"


def test_forgetting(tmp_path: Path) -> None:
    """A reload keeps only the links that it names, on the disk too."""
    state = State(str(tmp_path))
    state.record_change(LINK, TARGET, synchronized=False)
    state.record_change("/other-current.pem", "/other.pem", synchronized=False)
    state.keep_only({LINK})
    assert state.flush()
    assert State(str(tmp_path)).rotations() == (ROTATION,)


def test_it_stays_small(tmp_path: Path) -> None:
    """Beyond its bound the oldest change gives way, and the file is read again."""
    state = State(str(tmp_path))
    for number in range(MAX_LINKS + 5):
        state.record_change(f"/{number}", "/t", synchronized=True)
    assert state.flush()
    again = State(str(tmp_path))
    assert len(again.links()) == MAX_LINKS
    assert again.rotation("/4") is None
    assert again.rotation("/5") is not None


DAMAGED = {
    "empty": b"",
    "cut": b'{"version": 1, "links": {',
    "nul": b"\0" * 512,
    "no object": b"[]",
    "no version": b'{"links": {}}',
    "future version": b'{"version": 2, "links": {}}',
    "time": b'{"version": 1, "last_synchronized": "now", "links": {}}',
    "not finite": b'{"version": 1, "last_synchronized": NaN, "links": {}}',
    "no time": b'{"version": 1, "last_synchronized": true, "links": {}}',
    "huge time": b'{"version": 1, "last_synchronized": 1' + b"0" * 400 + b', "links": {}}',
    "links": b'{"version": 1, "links": []}',
    "link": b'{"version": 1, "links": {"/a": 1}}',
    "target": b'{"version": 1, "links": {"/a": {"target": 1}}}',
    "fact": b'{"version": 1, "links": {"/a": {"target": "/b", "clock_synchronized": 1}}}',
    "deep": b"[" * 100_000,
    "no utf-8": b'{"version": 1, "links": {"\xff": {"target": "/b"}}}',
    "large": b" " * (MAX_FILE_SIZE + 1),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_file_is_set_aside(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """It is kept under another name, one line says so, and the service starts empty and writes again."""
    (tmp_path / "state.json").write_bytes(content)
    state = State(str(tmp_path))
    assert state.rotations() == ()
    assert state.last_synchronized is None
    assert (tmp_path / "state.json.damaged-1").read_bytes() == content
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    state.record_change(LINK, TARGET, synchronized=False)
    assert state.flush()
    assert State(str(tmp_path)).rotations() == (ROTATION,)


def test_damaged_files_do_not_pile_up(tmp_path: Path) -> None:
    """After the ninth the last one is replaced."""
    for number in range(12):
        (tmp_path / "state.json").write_text(f"broken {number}")
        State(str(tmp_path))
    assert len(names(tmp_path)) == 9
    assert (tmp_path / "state.json.damaged-9").read_text() == "broken 11"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["version", "links", "last_synchronized", "target", "/a"]), inner, max_size=4
            )
        ),
        max_leaves=10,
    ).map(lambda value: json.dumps(value).encode())
)
def test_no_content_raises(tmp_path: Path, content: bytes) -> None:
    """Whatever the file holds, the state starts and can be used."""
    (tmp_path / "state.json").write_bytes(content)
    state = State(str(tmp_path))
    state.record_change(LINK, TARGET, synchronized=False)
    assert state.flush()
    assert State(str(tmp_path)).rotation(LINK) == ROTATION


def test_an_unwritable_directory_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Everything goes on in memory; when the directory can be written again, all of it is written."""
    caplog.set_level(logging.INFO)
    blocker = tmp_path / "blocker"
    blocker.write_text("in the way")
    state = State(str(blocker / "state"))
    caplog.clear()
    state.record_change(LINK, TARGET, synchronized=False)
    assert not state.flush()
    assert not state.flush()
    assert state.rotations() == (ROTATION,)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    blocker.unlink()
    assert state.flush()
    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.INFO]
    assert State(str(blocker / "state")).rotations() == (ROTATION,)


@pytest.mark.parametrize("kind", ["directory", "fifo"])
def test_something_else_in_its_place_is_left_alone(tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """What is no regular file is neither read, nor waited for, nor replaced."""
    path = tmp_path / "state.json"
    path.mkdir() if kind == "directory" else os.mkfifo(path)
    state = State(str(tmp_path))
    state.record_change(LINK, TARGET, synchronized=False)
    assert not state.flush()
    assert not path.is_file()
    assert len(caplog.records) == 1
    assert str(path) in caplog.text


def test_memory_only() -> None:
    """Without a directory the facts last as long as the process."""
    state = State(None)
    state.record_change(LINK, TARGET, synchronized=False)
    assert not state.flush(everything=True)
    assert state.rotation(LINK) == ROTATION


def test_a_reader_changes_nothing(tmp_path: Path) -> None:
    """A command that only looks neither writes nor sets aside."""
    (tmp_path / "state.json").write_text("broken")
    state = State(str(tmp_path), writable=False)
    state.record_change(LINK, TARGET, synchronized=False)
    assert not state.flush(everything=True)
    assert names(tmp_path) == ["state.json"]
