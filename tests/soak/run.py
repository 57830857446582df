"""One soak: rotations, storms of costly files, hostile clients and paths that hang, with a scrape each second."""

import contextlib
import http.client
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.soak.idle import idle
from tests.soak.load import Rotations, clients, figures, storms
from tests.support import pki
from tests.support.hanging import Hanging
from tests.support.running import Exporter, parse_scrape, running
from tests.support.scenarios import CLIENT
from tests.support.waiting import wait_until

FAMILIES = ("kubepki_symlink_info", "kubepki_fault", "kubepki_scan_path_seconds")
PATIENCE = 60.0
_HANG_EVERY = 10.0
_SAMPLE_EVERY = 2.0
_FEWEST = 3
_LAST_LINES = 20


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Seconds of each scrape and of a server that does nothing, what failed, and figures of the process over time.

    `figures` are the seconds since the beginning, descriptors, threads and anonymous bytes, a few seconds apart.
    """

    scrapes: tuple[float, ...]
    bare: tuple[float, ...]
    failed: tuple[str, ...]
    figures: tuple[tuple[float, int, int, int], ...]

    def early_and_last(self, column: int) -> tuple[float, float]:
        """Return the medians of a column of the figures in the second and in the last quarter of the time."""
        values = [each[column] for each in self.figures]
        quarter = max(1, len(values) // 4)
        return statistics.median(values[quarter : 2 * quarter] or values), statistics.median(values[-quarter:])

    def slope(self, column: int) -> float:
        """Return how fast a column of the figures grows after the first quarter of the time, for each hour."""
        left = self.figures[len(self.figures) // 4 :]
        if len({each[0] for each in left}) < _FEWEST:
            return 0.0
        times, values = [each[0] for each in left], [each[column] for each in left]
        return statistics.linear_regression(times, values).slope * 3_600


def share(of: float, seconds: tuple[float, ...]) -> float:
    """Return the seconds that a share *of* all did not exceed."""
    return statistics.quantiles(seconds, n=1_000, method="inclusive")[min(998, int(of * 1_000) - 1)]


@dataclass(frozen=True, kw_only=True)
class Soaked:
    """What was measured, whether the last rotation was seen, and the seconds that the end took."""

    measured: Measured
    rotations: int
    seen: bool
    ended: float
    last_lines: tuple[str, ...] = ()


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
        ended = time.monotonic() - started
        last = tuple(exporter.log().splitlines()[-_LAST_LINES:])
        return Soaked(rotations=rotations.done, seen=seen, ended=ended, measured=measured, last_lines=last)


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
    bare: list[float] = []
    seen: list[tuple[float, int, int, int]] = []
    failed: list[str] = []
    connection = http.client.HTTPConnection("127.0.0.1", exporter.port, timeout=10)
    begun = time.monotonic()
    with idle() as ask:
        while (elapsed := time.monotonic() - begun) < seconds:
            bare.append(ask())
            started = time.monotonic()
            try:
                connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
                answer = connection.getresponse()
                if not answer.read() or answer.status != http.client.OK:
                    failed.append(f"after {elapsed:.0f} s: status {answer.status}")
            except (OSError, http.client.HTTPException) as error:
                failed.append(f"after {elapsed:.0f} s: {error!r}")
                connection.close()
            times.append(time.monotonic() - started)
            if not seen or elapsed - seen[-1][0] > _SAMPLE_EVERY:
                seen.append((elapsed, *figures(exporter.process.pid)))
            time.sleep(max(0.0, 1.0 - (time.monotonic() - started)))
    connection.close()
    seen.append((time.monotonic() - begun, *figures(exporter.process.pid)))
    return Measured(scrapes=tuple(times), bare=tuple(bare), failed=tuple(failed), figures=tuple(seen))


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
