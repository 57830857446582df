"""A scan with a warm cache equals a fresh one, and no bytes in any file disturb another path."""

import itertools
import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from kubepki.metrics.collector import Collector, View
from kubepki.model import Health, PathState, Snapshot
from kubepki.pki.scan import Scanner
from kubepki.pki.table import Table
from kubepki.settings import Directory, FilePattern, Kubeconfig, PkiSettings, ScanSettings
from tests.support import pki, scenarios

BOUNDED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CA = pki.authority()
OLD, NEW, OTHER = (
    pki.client(CA, node, not_before=pki.NEW_YEAR + age)
    for node, age in (("node30", 0), ("node30", pki.DAY), ("node31", 0))
)
CURRENT = "kubelet-client-current.pem"
STAMPS = ("2026-01-01-00-00-00", "2026-01-02-00-00-00")
DATED = tuple(f"kubelet-client-{stamp}.pem" for stamp in STAMPS)
NAMES = (*DATED, CURRENT, "kubelet-client-updated.pem", "kubelet.crt", "kubelet.key", "ca.crt", "sub.pem")
CONTENTS = (OLD.pem, NEW.pem, OTHER.pem, NEW.certificate_pem, NEW.key_pem, CA.certificate_pem, b"", b"\0" * 64, b"x")
CONFIGS = (
    pki.kubeconfig([pki.User(certificate=OLD.certificate_pem, key=OLD.key_pem)], [pki.Cluster(ca=CA.certificate_pem)]),
    pki.kubeconfig([pki.User(certificate=f"pki/{CURRENT}", key=f"pki/{CURRENT}")], [pki.Cluster(ca="pki/ca.crt")]),
    b"users: nonsense",
)
MOMENTS = itertools.count(1_767_225_600_000_000_000, 1_000)
Operation = Callable[[Path], object]


def stamp_anew(path: Path) -> None:
    """Give a file an mtime that no other has: the clock of these scans runs faster than the kernel's tick."""
    moment = next(MOMENTS)
    os.utime(path, ns=(moment, moment))


def clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def write(name: str, data: bytes) -> Operation:
    def act(directory: Path) -> None:
        path = directory / name
        if path.is_symlink() and not path.exists():
            path.unlink()
        if not path.is_dir():
            path.write_bytes(data)
            stamp_anew(path)

    return act


def link(name: str, target: str) -> Operation:
    def act(directory: Path) -> None:
        clear(directory / name)
        (directory / name).symlink_to(target)

    return act


def remove(name: str) -> Operation:
    return lambda directory: clear(directory / name)


def rename(name: str, other: str) -> Operation:
    def act(directory: Path) -> None:
        if os.path.lexists(directory / name) and not (directory / other).is_dir() and not (directory / name).is_dir():
            (directory / name).rename(directory / other)

    return act


def make_directory(name: str) -> Operation:
    def act(directory: Path) -> None:
        clear(directory / name)
        (directory / name).mkdir()

    return act


def rotate(stamp: str, data: bytes, steps: int) -> Operation:
    """Do client-go's first *steps* steps."""

    def act(directory: Path) -> None:
        if (directory / DATED[STAMPS.index(stamp)]).is_dir() or (directory / CURRENT).is_dir():
            return
        try:
            for _, _step in zip(range(steps), pki.rotate(directory, "kubelet-client", data, stamp), strict=False):
                stamp_anew(directory / DATED[STAMPS.index(stamp)])
        except OSError:
            # As client-go fails where `current` is a file or a link leads to itself.
            return

    return act


names = st.sampled_from(NAMES)
contents = st.sampled_from(CONTENTS)
operations: st.SearchStrategy[Operation] = st.one_of(
    st.builds(write, names, contents),
    st.builds(lambda data: write("../kubelet.conf", data), st.sampled_from(CONFIGS)),
    st.builds(link, names, names),
    st.builds(remove, st.sampled_from((*NAMES, "../kubelet.conf"))),
    st.builds(rename, names, names),
    st.builds(make_directory, names),
    st.builds(rotate, st.sampled_from(STAMPS), contents, st.integers(1, 10)),
)


def scanner(root: Path) -> Scanner:
    settings_ = PkiSettings(
        directories=(Directory(path=str(root / "pki"), explicit=True),),
        kubeconfigs=(Kubeconfig(path=str(root / "kubelet.conf"), optional=True),),
        timezone="UTC",
    )
    # A second passes between any two reads, so that the warm scanner soon trusts its cache.
    boot = itertools.count(1.0)
    return Scanner(settings_, ScanSettings(), boottime=lambda: next(boot))


@BOUNDED
@given(st.lists(st.tuples(operations, st.integers(0, 3)), min_size=1, max_size=12))
def test_after_any_history_a_warm_scan_equals_a_fresh_one(history: list[tuple[Operation, int]]) -> None:
    """Whatever was done to the tree, and whichever of the scans in between took place, the last scan is right."""
    with tempfile.TemporaryDirectory() as text:
        root = Path(text)
        (root / "pki").mkdir()
        warm = scanner(root)
        for operation, scans in history:
            try:
                operation(root / "pki")
            except OSError:
                # A write through a link that leads to itself; the disk is as it is.
                continue
            for _ in range(scans):
                warm.scan()
        snapshot = warm.scan().snapshot
        assert snapshot == scanner(root).scan().snapshot
        assert snapshot == judged_together(scanner(root)).scan().snapshot


def judged_together(scanner: Scanner) -> Scanner:
    """Return *scanner*, made to judge every file together with all others."""
    # It is the slow way, and what the short one must agree with.
    scanner._table = Table(lambda _loaded, _standing: None, plain=lambda _: False)  # noqa: SLF001
    return scanner


def census(root: Path) -> dict[str, tuple[int, ...]]:
    """Return what tells of each path below *root* whether it has changed."""
    found: dict[str, tuple[int, ...]] = {}
    for parent, directories, files in os.walk(root):
        for name in ("", *directories, *files):
            path = f"{parent}/{name}".rstrip("/")
            status = os.lstat(path)
            found[path] = (status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return found


def changed_between(before: dict[str, tuple[int, ...]], after: dict[str, tuple[int, ...]]) -> frozenset[str]:
    """Return the paths for which the kernel has announced an event."""
    return frozenset(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def host(root: Path) -> Scanner:
    """Return a scanner of directories, one of them behind a link, globs, kubeconfigs and remembered links."""
    settings_ = PkiSettings(
        directories=tuple(Directory(path=str(root / name), explicit=name != "alias") for name in ("pki", "alias")),
        kubeconfigs=tuple(Kubeconfig(path=str(root / name), optional=True) for name in ("kubelet.conf", "sub/*.conf")),
        files=(
            FilePattern(pattern=f"{root}/more/**/*.pem", wildcard=True),
            FilePattern(pattern=f"{root}/pki/ca.crt", wildcard=False),
        ),
        timezone="UTC",
    )
    boot = itertools.count(1.0)
    return Scanner(settings_, ScanSettings(), boottime=lambda: next(boot))


PLACES = ("", "../more/", "../more/deep/", "../alias/", "../sub/", "../")
anywhere = st.builds(lambda place, name: place + name, st.sampled_from(PLACES), names)


def link_hard(name: str, other: str) -> Operation:
    def act(directory: Path) -> None:
        if (directory / name).is_file() and not os.path.lexists(directory / other):
            os.link(directory / name, directory / other)

    return act


def move_directory(name: str, other: str) -> Operation:
    def act(directory: Path) -> None:
        if (directory.parent / name).is_dir() and not os.path.lexists(directory.parent / other):
            (directory.parent / name).rename(directory.parent / other)
        elif not os.path.lexists(directory.parent / name):
            (directory.parent / name).mkdir()

    return act


DIRECTORIES = ("pki", "more", "more/deep", "sub", "gone", "alias")
further: st.SearchStrategy[Operation] = st.one_of(
    operations,
    st.builds(write, anywhere, contents),
    st.builds(
        lambda name, data: write(f"../{name}", data),
        st.sampled_from(("sub/a.conf", "kubelet.conf")),
        st.sampled_from(CONFIGS),
    ),
    st.builds(link, anywhere, anywhere),
    st.builds(remove, anywhere),
    st.builds(rename, anywhere, anywhere),
    st.builds(link_hard, anywhere, anywhere),
    st.builds(move_directory, st.sampled_from(DIRECTORIES), st.sampled_from(DIRECTORIES)),
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(further, st.integers(0, 2)), min_size=1, max_size=14),
    st.sets(st.sampled_from((CURRENT, "kubelet-server-current.pem"))),
)
def test_a_scan_of_what_changed_equals_a_scan_of_everything(
    history: list[tuple[Operation, int]], kept: set[str]
) -> None:
    """After any history, scanned now and then by what changed since: links, kubeconfigs, globs, keys, renames."""
    with tempfile.TemporaryDirectory() as text:
        root = Path(text).resolve()
        for name in ("pki", "more/deep", "sub", "real"):
            (root / name).mkdir(parents=True)
        (root / "alias").symlink_to("real")
        remembered = frozenset(f"{root}/pki/{name}" for name in kept)
        warm = host(root)
        warm.scan(remembered)
        before = census(root)
        for operation, scans in history:
            try:
                operation(root / "pki")
            except OSError:
                continue
            for _ in range(scans):
                now = census(root)
                result = warm.scan(remembered, changed=changed_between(before, now))
                before = now
                fresh = host(root).scan(remembered)
                assert result.snapshot == fresh.snapshot
                assert result.current_links == fresh.current_links
                assert result.directories == fresh.directories
        assert warm.scan(remembered).snapshot == judged_together(host(root)).scan(remembered).snapshot


@BOUNDED
@given(
    st.sampled_from(("a.pem", "b.crt", "c.der", "d.p12", "e.pfx", "kubelet-server-current.pem", "../kubelet.conf")),
    st.one_of(
        st.binary(max_size=400),
        contents,
        st.sampled_from(CONFIGS),
        st.builds(lambda data, end: data[:end], contents, st.integers(0, 900)),
    ),
)
def test_no_bytes_in_a_file_disturb_another_path(name: str, data: bytes) -> None:
    """Any bytes anywhere: the scan ends, the scrape renders, and a healthy link is told as before."""
    with tempfile.TemporaryDirectory() as text:
        root = Path(text)
        directory = root / "pki"
        directory.mkdir()
        for stamp, pair in zip(STAMPS, (OLD, NEW), strict=True):
            pki.install(directory, "kubelet-client", pair.pem, stamp)
        before = healthy_states(scanner(root).scan().snapshot)
        (directory / name).write_bytes(data)
        after = scanner(root).scan().snapshot
        assert healthy_states(after) == before
        assert b"kubepki_path_ok" in rendered(after)


def healthy_states(snapshot: Snapshot) -> list[PathState]:
    """Return the states of the client certificates; another file may prove a candidate, and until when."""
    return [
        replace(state, candidates=tuple(replace(each, proof="", trusted=()) for each in state.candidates))
        for state in snapshot.paths
        if "/kubelet-client-" in state.path
    ]


def rendered(snapshot: Snapshot) -> bytes:
    registry = CollectorRegistry()
    view = View(snapshot=snapshot, reading=scenarios.reading(), health=Health(version="0", python_version="3"))
    registry.register(Collector(lambda: view))
    return generate_latest(registry)
