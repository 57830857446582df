"""The cache of parsed files: never stale, seldom read."""

import os
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from kubepki.disk.disk import Disk
from kubepki.model import Fault, Reason
from kubepki.pki.content import ContentCache, New


class Cached:
    """A cache over one file, which counts how often it parses; `boot` is its clock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.parses: list[tuple[bytes, str]] = []
        self.boot = 100.0
        self.cache: ContentCache[bytes] = ContentCache(self._parse, disk=Disk(), limit=100, boottime=lambda: self.boot)

    def scan(self, *, reread: bool = False, variant: str = "") -> bytes | Fault:
        """Begin a scan and return what it loads."""
        self.cache.begin(reread=reread)
        return self.load(variant)

    def load(self, variant: str = "") -> bytes | Fault:
        """Return what the cache has of the file as it is now."""
        (found,) = self.cache.load([(str(self.path), variant)])
        if isinstance(found, Fault):
            return found
        assert found.parsed is not None or found.fault is not None
        return found.fault or found.parsed or b""

    def settle(self) -> None:
        """Scan twice, with more than a tick in between."""
        self.scan()
        self.boot += 1
        self.scan()
        self.boot += 1

    def _parse(self, files: Iterable[New]) -> Iterable[bytes]:
        for each in files:
            self.parses.append((each.data, each.variant))
            yield each.data


@pytest.fixture
def cached(tmp_path: Path) -> Cached:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    return Cached(path)


def test_an_unchanged_file_is_not_read_again(cached: Cached) -> None:
    """Once settled, any number of scans cost no read."""
    cached.settle()
    assert len(cached.parses) == 2
    assert cached.scan() == b"one"
    assert not cached.cache.unsettled
    assert len(cached.parses) == 2


def test_a_file_seen_within_a_tick_is_read_once_more(cached: Cached) -> None:
    """A second change within the kernel's tick leaves the same identity, so an early read does not count."""
    cached.scan()
    assert cached.cache.unsettled
    status = cached.path.stat()
    cached.boot += 0.01
    cached.path.write_bytes(b"two")
    os.utime(cached.path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert cached.scan() == b"two"


def test_a_changed_file_is_read(cached: Cached) -> None:
    """Another size, time or inode is another file."""
    cached.settle()
    cached.path.write_bytes(b"three")
    assert cached.scan() == b"three"


def test_a_file_put_in_its_place_is_read(cached: Cached, tmp_path: Path) -> None:
    """A rename over the path changes the inode, be the rest the same."""
    cached.settle()
    status = cached.path.stat()
    other = tmp_path / "other"
    other.write_bytes(b"two")
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(cached.path)
    assert cached.scan() == b"two"


def test_a_reread_trusts_nothing(cached: Cached) -> None:
    """A full re-read parses what had not changed."""
    cached.settle()
    cached.scan(reread=True)
    assert len(cached.parses) == 3


def test_what_a_scan_does_not_use_is_forgotten(cached: Cached) -> None:
    """The cache holds no more than the last scan used."""
    cached.settle()
    cached.cache.begin(reread=False)
    cached.cache.begin(reread=False)
    cached.load()
    assert len(cached.parses) == 3


def test_two_variants_of_one_file_are_two_entries(cached: Cached) -> None:
    """The same bytes as PEM and as PKCS#12 are parsed each in its way."""
    cached.scan()
    cached.load("pkcs12")
    assert cached.parses == [(b"one", ""), (b"one", "pkcs12")]


def test_a_file_above_the_limit_is_a_fault(cached: Cached) -> None:
    """Its bytes are not parsed."""
    cached.path.write_bytes(b"x" * 101)
    found = cached.scan()
    assert isinstance(found, Fault)
    assert found.reason is Reason.TOO_LARGE
    assert cached.parses == []


@pytest.mark.parametrize("boot", [0.3, 19_000.123, 123_456.789])
def test_an_old_file_is_read_once(cached: Cached, boot: float) -> None:
    """A change after the read would get another time than the stamp that it has, so there is nothing to wait for."""
    cached.boot = boot
    wall = time.time() + 3_600
    cached.cache = ContentCache(
        cached._parse,  # noqa: SLF001 - the same cache at another time
        disk=Disk(),
        limit=100,
        boottime=lambda: cached.boot,
        realtime=lambda: wall,
    )
    assert cached.scan() == b"one"
    assert not cached.cache.unsettled
    assert cached.scan() == b"one"
    assert len(cached.parses) == 1


def test_what_is_read_anew_and_is_the_same_stays_the_same_object(cached: Cached) -> None:
    """All that follows from it stays, too: a scan that trusts nothing would else make everything twice."""
    cached.settle()
    (before,) = cached.cache.load([(str(cached.path), "")])
    parses = len(cached.parses)
    cached.cache.begin(reread=True)
    (after,) = cached.cache.load([(str(cached.path), "")])
    assert len(cached.parses) == parses + 1
    assert after is before
