"""What is measured: each function starts a real process and returns numbers in seconds, bytes or pieces."""

import itertools
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

from tests.support import pki
from tests.support.running import Exporter, running
from tests.support.scenarios import CLIENT, stamp

FAMILIES = ("kubepki_fault", "kubepki_symlink_info", "kubepki_certificate_not_before_timestamp_seconds")
SWAP_QUERY = "/metrics?" + "&".join(f"name[]={name}" for name in FAMILIES)
KEPT = 10
PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.002


@dataclass(frozen=True, kw_only=True)
class Rotations:
    """Seconds from the last rename to the first scrape with the new NotBefore, and scrapes that told something else."""

    latencies: tuple[float, ...]
    scrapes: int
    wrong: int


@dataclass(frozen=True, kw_only=True)
class Load:
    """What a tree of many files costs; times in seconds, memory in bytes."""

    files: int
    first_scrape: float
    first_scan: float
    scrapes: tuple[float, ...]
    resident: int


@dataclass(frozen=True, kw_only=True)
class Endurance:
    """Descriptors and resident bytes, early and after many rotations."""

    rotations: int
    descriptors: tuple[int, int]
    resident: tuple[int, int]


def percentile(values: tuple[float, ...], share: float) -> float:
    """Return the smallest of *values* that at least *share* of them do not exceed."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, max(0, -(-int(share * 1000) * len(ranked) // 1000) - 1))]


class Minter:
    """Issues client certificates of one key whose NotBefore rises by a second each."""

    def __init__(self) -> None:
        self._authority = pki.authority()
        self._key = pki.new_key()
        self._start = int(time.time() - pki.DAY)
        self._numbers = itertools.count()

    def next(self) -> tuple[int, str, bytes]:
        """Return the NotBefore, the stamp and the content of the next file."""
        not_before = self._start + next(self._numbers)
        pair = pki.client(self._authority, not_before=not_before, key=self._key)
        return not_before, stamp(not_before), pair.pem


def rotations(root: Path, count: int, python: str) -> Rotations:
    """Swap the link *count* times as client-go does, scraping all the while."""
    directory = root / "swaps"
    directory.mkdir()
    minter = Minter()
    seen, name, data = minter.next()
    pki.install(directory, "kubelet-client", data, name)
    prepared = [minter.next() for _ in range(count)]
    target = f"kubelet-client-{name}.pem"
    latencies, scrapes, wrong = [], 0, 0
    with running(f"--pki.directory={directory}", log=root / "swaps.log", python=python) as exporter:
        _await_ready(exporter)
        for not_before, name, data in prepared:
            old = (seen, target)
            new = (not_before, f"kubelet-client-{name}.pem")
            for step in pki.rotate(directory, "kubelet-client", data, name):
                if step is pki.Step.RENAMED:
                    renamed = time.monotonic()
                    break
                told = _told(exporter)
                scrapes += 1
                wrong += told != old
            while (told := _told(exporter)) != new:
                scrapes += 1
                wrong += told != old
                if time.monotonic() - renamed > PATIENCE_SECONDS:
                    message = f"the swap to {name} was never seen"
                    raise TimeoutError(message)
                # A scrape takes the interpreter from the scan that is waited for: 500 a second are enough.
                time.sleep(PAUSE_SECONDS)
            latencies.append(time.monotonic() - renamed)
            seen, target = new
    return Rotations(latencies=tuple(latencies), scrapes=scrapes + count, wrong=wrong)


def start(root: Path, python: str, repetitions: int) -> tuple[float, ...]:
    """Return the seconds from the start of the process to its first successful scrape, four files on the disk."""
    pattern = _files(root / "start", 4)
    return tuple(_start_once(root, pattern, python)[0] for _ in range(repetitions))


def load(root: Path, count: int, python: str, scrapes: int) -> Load:
    """Return what *count* certificate files cost."""
    pattern = _files(root / f"files-{count}", count)
    started, (scan, times, resident) = _start_once(root, pattern, python, scrapes=scrapes)
    return Load(files=count, first_scrape=started, first_scan=scan, scrapes=times, resident=resident)


def idle(root: Path, python: str, seconds: float) -> float:
    """Return the CPU seconds of a minute without any change or scrape, scaled from *seconds* of it."""
    directory = root / "idle"
    directory.mkdir()
    minter = Minter()
    for _ in range(4):
        _, name, data = minter.next()
        pki.install(directory, "kubelet-client", data, name)
    with running(f"--pki.directory={directory}", log=root / "idle.log", python=python) as exporter:
        _await_ready(exporter)
        time.sleep(2)
        before = _cpu(exporter.process.pid)
        time.sleep(seconds)
        return (_cpu(exporter.process.pid) - before) * 60 / seconds


def endurance(root: Path, count: int, python: str) -> Endurance:
    """Rotate *count* times, old files pruned to ten, and compare with the state after a tenth of that."""
    directory = root / "endurance"
    directory.mkdir()
    minter = Minter()
    early = (0, 0)
    with running(f"--pki.directory={directory}", log=root / "endurance.log", python=python) as exporter:
        _await_ready(exporter)
        dated: list[Path] = []
        for number in range(count):
            not_before, name, data = minter.next()
            dated.append(pki.install(directory, "kubelet-client", data, name))
            if len(dated) > KEPT:
                dated.pop(0).unlink()
            if number % 50 == 0 or number == count - 1:
                _await(exporter, (not_before, dated[-1].name))
            if number == count // 10:
                early = _descriptors(exporter.process.pid), _resident(exporter.process.pid)
        last = _descriptors(exporter.process.pid), _resident(exporter.process.pid)
    return Endurance(rotations=count, descriptors=(early[0], last[0]), resident=(early[1], last[1]))


def _start_once(
    root: Path, pattern: str, python: str, *, scrapes: int = 0
) -> tuple[float, tuple[float, tuple[float, ...], int]]:
    begun = time.monotonic()
    arguments = (f"--pki.directory={root}/none", f"--pki.file={pattern}", "--scan.interval=5m")
    with running(*arguments, log=root / "start.log", python=python) as exporter:
        _await_ready(exporter)
        body = exporter.get()[1]
        started = time.monotonic() - begun
        found = re.search(r"^kubepki_last_scan_duration_seconds (\S+)$", body, re.MULTILINE)
        times = []
        for _ in range(scrapes):
            before = time.monotonic()
            exporter.get()
            times.append(time.monotonic() - before)
        scan = float(found[1]) if found else float("nan")
        return started, (scan, tuple(times), _resident(exporter.process.pid))


def _files(directory: Path, count: int) -> str:
    """Write *count* files of unversioned names and return the glob that finds them."""
    if not directory.exists():
        directory.mkdir()
        minter = Minter()
        for number in range(count):
            (directory / f"client-{number:05}.pem").write_bytes(minter.next()[2])
    return f"{directory}/*.pem"


def _await_ready(exporter: Exporter) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause = 0.001
    while exporter.get("/-/ready")[0] != 200:
        if time.monotonic() > deadline:
            message = "the exporter never became ready"
            raise TimeoutError(message)
        # Asking costs the exporter CPU: seldom where the scan takes long.
        pause = min(2 * pause, 0.1)
        time.sleep(pause)


def _told(exporter: Exporter) -> tuple[int, str] | str:
    """Return the NotBefore and the target's name that a scrape tells of the link; text where it tells a fault."""
    body = exporter.get(SWAP_QUERY)[1]
    links = re.findall(r'^kubepki_symlink_info\{.*target="[^"]*/([^"/]+)"\}', body, re.MULTILINE)
    values = re.findall(rf'^{FAMILIES[2]}\{{[^}}]*path="[^"]*/{CLIENT}"[^}}]*\}} (\S+)$', body, re.MULTILINE)
    if len(links) != 1 or len(values) != 1 or re.search(r"^kubepki_fault\{", body, re.MULTILINE):
        return body
    return int(float(values[0])), links[0]


def _await(exporter: Exporter, wanted: tuple[int, str]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while _told(exporter) != wanted:
        if time.monotonic() > deadline:
            message = f"{wanted} was never seen"
            raise TimeoutError(message)


def _resident(pid: int) -> int:
    found = re.search(r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def _descriptors(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
