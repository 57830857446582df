"""One soak: rotations, storms of costly files, hostile clients and paths that hang, with a scrape each second."""

import contextlib
import http.client
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.soak.load import Rotations, clients, figures, storms
from tests.support import pki
from tests.support.hanging import Hanging
from tests.support.running import Exporter, parse_scrape, running
from tests.support.scenarios import CLIENT
from tests.support.waiting import wait_until

FAMILIES = ("kubepki_symlink_info", "kubepki_fault", "kubepki_scan_path_seconds")
PATIENCE = 60.0
_HANG_EVERY = 10.0


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Seconds of each scrape, how many failed, and of descriptors, threads and memory the early and the last."""

    scrapes: tuple[float, ...]
    failed: int
    descriptors: tuple[int, int]
    threads: tuple[int, int]
    memory: tuple[int, int]

    def share(self, of: float) -> float:
        """Return the seconds that a share *of* the scrapes did not exceed."""
        return statistics.quantiles(self.scrapes, n=1_000, method="inclusive")[min(998, int(of * 1_000) - 1)]


@dataclass(frozen=True, kw_only=True)
class Soaked:
    """What was measured, whether the last rotation was seen, and the seconds that the end took."""

    measured: Measured
    rotations: int
    seen: bool
    ended: float


def soak(root: Path, seconds: float) -> Soaked:
    """Run the service under load for *seconds*; where this host mounts no FUSE, nothing hangs."""
    directory, stormy = root / "pki", root / "stormy"
    directory.mkdir()
    stormy.mkdir()
    rotations = Rotations(directory)
    stop = threading.Event()
    with contextlib.ExitStack() as held:
        remote = _remote(root / "remote", held)
        sources = [f"--pki.directory={each}" for each in (directory, stormy, *((remote.mount,) if remote else ()))]
        exporter = held.enter_context(running(*sources, "--scan.interval=2s", log=root / "log"))
        wait_until(lambda: exporter.get("/-/ready")[0] == 200, timeout=PATIENCE)
        threads = [
            threading.Thread(target=work)
            for work in (
                lambda: rotations.run(stop),
                lambda: storms(stormy, stop),
                lambda: clients(exporter.port, stop),
                lambda: _hang(remote, stop),
            )
        ]
        for thread in threads:
            thread.start()
        try:
            measured = _measure(exporter, seconds)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        seen = _is_told(exporter, rotations)
        started = time.monotonic()
        exporter.end(timeout=PATIENCE)
        return Soaked(rotations=rotations.done, seen=seen, ended=time.monotonic() - started, measured=measured)


def _remote(mount: Path, held: contextlib.ExitStack) -> Hanging | None:
    mount.mkdir()
    try:
        remote = Hanging(mount, {f"{number}.pem": pki.authority().certificate_pem for number in range(3)})
    except OSError:
        return None
    held.callback(remote.close)
    return remote


def _hang(remote: Hanging | None, stop: threading.Event) -> None:
    while remote is not None:
        remote.hangs.add("1.pem")
        if stop.wait(_HANG_EVERY):
            break
        remote.dead = True
        if stop.wait(_HANG_EVERY):
            break
        remote.revive()
        if stop.wait(_HANG_EVERY):
            break


def _measure(exporter: Exporter, seconds: float) -> Measured:
    times: list[float] = []
    failed = 0
    early: tuple[int, int, int] | None = None
    connection = http.client.HTTPConnection("127.0.0.1", exporter.port, timeout=10)
    begun = time.monotonic()
    while (elapsed := time.monotonic() - begun) < seconds:
        started = time.monotonic()
        try:
            connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
            failed += connection.getresponse().read() == b""
        except (OSError, http.client.HTTPException):
            failed += 1
            connection.close()
        times.append(time.monotonic() - started)
        if early is None and elapsed > seconds / 5:
            early = figures(exporter.process.pid)
        time.sleep(max(0.0, 1.0 - (time.monotonic() - started)))
    connection.close()
    last = figures(exporter.process.pid)
    first = early or last
    return Measured(
        scrapes=tuple(times),
        failed=failed,
        descriptors=(first[0], last[0]),
        threads=(first[1], last[1]),
        memory=(first[2], last[2]),
    )


def _is_told(exporter: Exporter, rotations: Rotations) -> bool:
    path = str(rotations.directory / CLIENT)
    # The connection was idle meanwhile, and has been closed.
    exporter.close()

    def told() -> bool:
        query = "/metrics?" + "&".join(f"name[]={name}" for name in FAMILIES)
        found = parse_scrape(exporter.get(query)[1]).find("kubepki_symlink_info", path=path)
        return [labels["target"] for labels, _ in found] == [rotations.newest]

    with contextlib.suppress(AssertionError):
        return _within(told)
    return False


def _within(told: Callable[[], bool]) -> bool:
    return wait_until(told, timeout=PATIENCE, describe="the last rotation")
