"""A scan with a warm cache equals a fresh one, and no bytes in any file disturb another path."""

import itertools
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from kubepki.metrics.collector import Collector, View
from kubepki.model import Health, PathState, Snapshot
from kubepki.pki.scan import Scanner
from kubepki.settings import Directory, Kubeconfig, PkiSettings, ScanSettings
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
        assert warm.scan().snapshot == scanner(root).scan().snapshot


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
    return [state for state in snapshot.paths if "/kubelet-client-" in state.path]


def rendered(snapshot: Snapshot) -> bytes:
    registry = CollectorRegistry()
    view = View(snapshot=snapshot, reading=scenarios.reading(), health=Health(version="0", python_version="3"))
    registry.register(Collector(lambda: view))
    return generate_latest(registry)
