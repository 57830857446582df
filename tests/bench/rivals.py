"""Two exporters over the same directory, asked in turn as Prometheus asks: a figure means something beside another.

The peer is Enix' x509-certificate-exporter, version 4, whose binary `PEER=/path` names. Without one ours is alone.
"""

import contextlib
import http.client
import os
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.figures import Minter
from tests.support.running import environment

# What Prometheus 3 sends; 2.42 differs in the qualities alone.
ACCEPT = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
TICKS = os.sysconf("SC_CLK_TCK")
SETTLE_SECONDS = 3.0
# The first scan of 50,000 files on a busy machine.
_PATIENCE_SECONDS = 300.0
_MOST_FILES = 100_000


@dataclass(frozen=True, kw_only=True)
class Rival:
    """How one exporter is started: `command` takes the directory and the port. `ready` is a path that tells."""

    name: str
    command: Callable[[Path, int], Sequence[str]]
    ready: str = "/metrics"


def ours(python: str) -> Rival:
    """Return this exporter."""

    def command(directory: Path, port: int) -> Sequence[str]:
        sources = (f"--pki.directory={directory}/none", f"--pki.directory={directory}", "--no-clock.apiserver")
        address = f"--web.listen-address=127.0.0.1:{port}"
        limit = f"--scan.max-files={_MOST_FILES}"
        return (python, "-m", "kubepki", *sources, "--pki.preset=kubeadm", address, limit, "--log.level=error")

    return Rival(name="ours", command=command)


def peer(binary: str) -> Rival:
    """Return the peer; it looks at its directories every 30 seconds."""
    return Rival(
        name="peer",
        command=lambda directory, port: (binary, f"--watch-dir={directory}", f"--listen-address=127.0.0.1:{port}"),
    )


class Run:
    """One that runs; `first_scrape` are the seconds from its start to its first scrape with every file in it."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.process = process
        self.first_answer = 0.0
        self.first_scrape = 0.0
        self._client = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)

    def scrape(self, *, gzip: bool = False) -> tuple[float, bytes]:
        """Return the seconds of one scrape over the kept connection, and its body; OSError where it fails."""
        begun = time.monotonic()
        headers = {"Accept": ACCEPT, "Accept-Encoding": "gzip" if gzip else "identity"}
        try:
            self._client.request("GET", "/metrics", headers=headers)
            reply = self._client.getresponse()
            body = reply.read()
        except (OSError, http.client.HTTPException) as error:
            self._client.close()
            raise OSError from error
        if reply.status != http.client.OK:
            raise OSError
        return time.monotonic() - begun, body

    def family(self) -> tuple[int, ...]:
        """Return the process and its children."""
        found = [self.process.pid]
        for pid in found:
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                with contextlib.suppress(OSError):
                    found += [int(child) for child in task.read_text().split()]
        return tuple(found)

    def parses(self) -> bool:
        """Return whether our parsing process is there."""
        for pid in self.family()[1:]:
            with contextlib.suppress(OSError):
                if b"parsing_child" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return True
        return False

    def resident(self) -> tuple[int, int]:
        """Return the resident bytes of the process, and those of its children."""
        sizes = []
        for pid in self.family():
            with contextlib.suppress(OSError):
                sizes.append(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
        return sizes[0], sum(sizes[1:])

    def cpu(self) -> float:
        """Return the CPU seconds so far, with those of the children."""
        total = 0
        for pid in self.family():
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                total += sum(map(int, fields[11:13])) + (sum(map(int, fields[13:15])) if pid == self.process.pid else 0)
        return total / TICKS


@contextlib.contextmanager
def running(rival: Rival, directory: Path, wanted: bytes, log: Path) -> Iterator[Run]:
    """Yield *rival* once its scrape holds *wanted*."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with log.open("wb") as output:
        begun = time.monotonic()
        process = subprocess.Popen(
            rival.command(directory, port), env=environment(), stdout=output, stderr=output, cwd=log.parent
        )
    try:
        run = Run(process, port)
        pause = 0.002
        while True:
            with contextlib.suppress(OSError):
                body = run.scrape()[1]
                run.first_answer = run.first_answer or time.monotonic() - begun
                if wanted in body:
                    break
            if time.monotonic() - begun > _PATIENCE_SECONDS or process.poll() is not None:
                message = f"{rival.name} never showed all files; {log} has its output"
                raise TimeoutError(message)
            time.sleep(pause)
            pause = min(pause * 1.2, 0.05)
        run.first_scrape = time.monotonic() - begun
        yield run
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def directory_of(root: Path, count: int) -> tuple[Path, bytes]:
    """Return a directory with *count* files of unversioned names, made once, and the name of the last."""
    directory = root / f"rivals-{count}"
    if not directory.exists():
        directory.mkdir()
        minter = Minter()
        for number in range(count):
            (directory / f"client-{number:05}.pem").write_bytes(minter.next()[2])
    return directory, f"client-{count - 1:05}.pem".encode()


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one rival costs over a directory: median seconds, bytes; `idle` is CPU seconds a minute, 0 unmeasured."""

    files: int
    scrape: float
    gzip: float
    resident: int
    helpers: int
    first_answer: float
    first_scrape: float
    idle: float = 0.0


def compare(rivals: Sequence[Rival], root: Path, count: int, *, scrapes: int, idle: float) -> dict[str, Cost]:
    """Return the costs of *rivals* over *count* files, asked in turn; *idle* is the window in seconds."""
    directory, wanted = directory_of(root, count)
    with contextlib.ExitStack() as stack:
        runs = {
            rival.name: stack.enter_context(running(rival, directory, wanted, root / f"{rival.name}-{count}.log"))
            for rival in rivals
        }
        plain: dict[str, list[float]] = {name: [] for name in runs}
        packed: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(scrapes):
            for name, run in runs.items():
                plain[name].append(run.scrape()[0])
            for name, run in runs.items():
                packed[name].append(run.scrape(gzip=True)[0])
        resident = {name: run.resident() for name, run in runs.items()}
        spent = _idle(runs, idle) if idle else dict.fromkeys(runs, 0.0)
        return {
            name: Cost(
                files=count,
                scrape=statistics.median(plain[name]),
                gzip=statistics.median(packed[name]),
                resident=resident[name][0],
                helpers=resident[name][1],
                first_answer=run.first_answer,
                first_scrape=run.first_scrape,
                idle=spent[name],
            )
            for name, run in runs.items()
        }


def _idle(runs: Mapping[str, Run], seconds: float) -> dict[str, float]:
    """Return the CPU seconds of an idle minute, from a window that holds a whole number of looks, 30 seconds each."""
    time.sleep(SETTLE_SECONDS)
    before = {name: run.cpu() for name, run in runs.items()}
    time.sleep(seconds)
    return {name: (run.cpu() - before[name]) * 60 / seconds for name, run in runs.items()}
