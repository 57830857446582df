"""Reads are bounded, never block and take only regular files."""

import os
import socket
from contextlib import closing
from pathlib import Path

import pytest

from kubepki.disk import files as disk
from kubepki.disk.calls import NO_ANSWER, Call
from kubepki.disk.crew import MAX_AT_WORK, Crew
from kubepki.disk.disk import Disk
from kubepki.disk.located import Located
from kubepki.disk.process import LookingProcess
from kubepki.model import Fault, Reason


def reason(outcome: object) -> Reason:
    """Return the reason of an outcome that must be a fault."""
    assert isinstance(outcome, Fault)
    assert outcome.detail
    return outcome.reason


def test_a_link_leads_to_its_resolved_target(tmp_path: Path) -> None:
    """Through other links and relative ones."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "file").write_bytes(b"x")
    (tmp_path / "one").symlink_to("sub/two")
    (tmp_path / "sub" / "two").symlink_to("file")
    found = disk.locate(str(tmp_path / "one"))
    assert isinstance(found, Located)
    assert (found.resolved, found.is_link) == (os.path.realpath(tmp_path / "sub" / "file"), True)


def test_what_cannot_be_located(tmp_path: Path) -> None:
    """Each way to lead nowhere has its reason."""
    (tmp_path / "dangling").symlink_to("nothing")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").touch()
    (tmp_path / "long").symlink_to("x" * 300)
    expected = {
        "absent": Reason.MISSING,
        "file/below": Reason.MISSING,
        "dangling": Reason.DANGLING,
        "loop": Reason.SYMLINK_LOOP,
        "": Reason.NOT_REGULAR,
        "long": Reason.UNREADABLE,
        "x\0y": Reason.UNREADABLE,
    }
    assert {name: reason(disk.locate(f"{tmp_path}/{name}")) for name in expected} == expected


def test_special_files_are_not_read_and_do_not_block(tmp_path: Path) -> None:
    """A FIFO without a writer and a socket give a fault at once, at both doors."""
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
    assert reason(disk.locate(str(tmp_path / "fifo"))) is Reason.NOT_REGULAR
    assert reason(disk.locate(str(tmp_path / "s"))) is Reason.NOT_REGULAR
    assert reason(disk.read(str(tmp_path / "fifo"), 10)) is Reason.NOT_REGULAR
    assert reason(disk.read("/dev/zero", 10)) is Reason.NOT_REGULAR


@pytest.mark.parametrize(("size", "fits"), [(0, True), (99, True), (100, True), (101, False)])
def test_the_limit(tmp_path: Path, size: int, fits: bool) -> None:  # noqa: FBT001 - a table
    """A file of just the limit is read, one byte more is too large."""
    path = tmp_path / "file"
    path.write_bytes(b"x" * size)
    outcome = disk.read(str(path), 100)
    if fits:
        assert not isinstance(outcome, Fault)
        assert outcome[1] == b"x" * size
        assert outcome[0].size == size
    else:
        assert reason(outcome) is Reason.TOO_LARGE


def test_a_file_that_claims_no_size_is_bounded_too() -> None:
    """Files of /proc have the size 0 and much content."""
    outcome = disk.read("/proc/self/status", 1 << 20)
    assert not isinstance(outcome, Fault)
    assert b"VmRSS" in outcome[1]
    assert reason(disk.read("/proc/self/status", 100)) is Reason.TOO_LARGE


def test_no_descriptor_is_left(tmp_path: Path) -> None:
    """Whatever the outcome."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "file").write_bytes(b"x" * 200)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - of this process
    for name in ("fifo", "file", "absent"):
        disk.read(str(tmp_path / name), 100)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 - as above


def test_list_names(tmp_path: Path) -> None:
    """Sub-directories are left out, links to them are not, names that are no UTF-8 stay as they are."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "link").symlink_to("sub")
    (tmp_path / "file").touch()
    strange = os.fsdecode(b"caf\xe9.pem")
    (tmp_path / strange).touch()
    assert disk.list_names(str(tmp_path), 100) == (frozenset({"link", "file", strange}), False)
    names, cut = disk.list_names(str(tmp_path), 2)  # type: ignore[misc]
    assert (len(names), cut) == (2, True)
    assert reason(disk.list_names(str(tmp_path / "absent"), 2)) is Reason.MISSING
    assert reason(disk.list_names(str(tmp_path / "file"), 2)) is Reason.NOT_REGULAR


def test_foreign_names_leave_room_for_ours(tmp_path: Path) -> None:
    """The limit counts names of ours, and current links are always looked at."""
    for number in range(50):
        (tmp_path / f"foreign-{number}.txt").touch()
        (tmp_path / f"{number}.pem").touch()
        (tmp_path / f"{number}-current.pem").touch()
    found = disk.list_names(
        str(tmp_path), 10, ours=lambda name: name.endswith(".pem"), first=lambda name: name.endswith("-current.pem")
    )
    assert not isinstance(found, Fault)
    names, cut = found
    assert cut
    assert len([name for name in names if name.endswith("-current.pem")]) == 50
    assert len(names) == 60


def test_more_directories_are_guarded_than_threads_look(tmp_path: Path) -> None:
    """What tells a directory from its successor has as many parts as a file's answer, and is none."""
    directories = [tmp_path / str(number) for number in range(2 * MAX_AT_WORK)]
    for each in directories:
        each.mkdir()
    with closing(Disk(LookingProcess(seconds=1.0))) as asked:
        found = asked.guards(map(str, directories))
    assert None not in found.values()


def test_a_mistake_of_ours_costs_one_path_and_no_thread() -> None:
    """Whatever a call raises, those after it are performed, and nothing is taken to hang."""

    def perform(call: Call) -> str:
        if call[1] == "/bad":
            raise RecursionError
        return "answer"

    crew = Crew(perform, returned=lambda: None, mounts=lambda: ())
    batch = [("exists", path) for path in ("/a", "/bad", "/b")] * 30
    answers = crew.perform(batch, seconds=60, room=1, tick=lambda _path, _since: None)
    assert answers == ["answer", NO_ANSWER, "answer"] * 30
    assert crew.lost() == {}
