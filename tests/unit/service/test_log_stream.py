"""Whoever logs never waits for who reads the log."""

import os
import threading

from kubepki.service.log_stream import LogStream
from tests.support.waiting import wait_until

_LINE = "x" * 1_000 + "\n"


def test_lines_arrive_in_their_order() -> None:
    """And all of them are there once it has settled."""
    reader, writer = os.pipe()
    with os.fdopen(reader) as read, os.fdopen(writer, "w") as written:
        stream = LogStream(written)
        for number in range(100):
            stream.write(f"{number}\n")
        assert stream.settle(60)
        assert [read.readline() for _ in range(100)] == [f"{number}\n" for number in range(100)]
        assert stream.fileno() == writer


def test_what_nobody_reads_is_bounded_and_told_afterwards() -> None:
    """No call waits; what was left out is counted in lines of their own, and new lines follow."""
    reader, writer = os.pipe()
    with os.fdopen(reader) as read, os.fdopen(writer, "w") as written:
        stream = LogStream(written)
        for _ in range(3_000):
            stream.write(_LINE)
        assert not stream.settle(0)
        found: list[str] = []
        collecting = threading.Thread(target=lambda: found.extend(iter(read.readline, "end\n")))
        collecting.start()
        assert stream.settle(60)
        stream.write("end\n")
        collecting.join(60)
    told = [line for line in found if "left_out=" in line]
    assert told
    left_out = sum(int(line.rpartition("=")[2]) for line in told)
    assert left_out + found.count(_LINE) == 3_000
    assert 900 < found.count(_LINE) < 1_200


def test_nobody_who_reads_any_more_is_no_failure() -> None:
    """The service goes on without a log."""
    reader, writer = os.pipe()
    written = os.fdopen(writer, "w")
    stream = LogStream(written)
    os.close(reader)
    stream.write(_LINE)
    wait_until(lambda: stream.settle(0), timeout=60)
