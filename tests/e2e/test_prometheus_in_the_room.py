"""A real Prometheus whose clock is ahead and then corrected: what keeps it taking samples (docs/prometheus.md)."""

import contextlib
import json
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.grafana.prometheus import free_port
from tests.kubernetes.shifted import ShiftedClock, build_launcher
from tests.support.waiting import wait_until

Find = Callable[[str], Path]
LEAD = 2 * 3_600 + 11 * 60
# Scrapes are a second apart: after so long one that takes samples has many.
PATIENCE_SECONDS = 8.0


@contextmanager
def scraping(program: Path, directory: Path, clock: ShiftedClock, port: int, *flags: str) -> Iterator[str]:
    """Run a Prometheus by *clock* that scrapes itself; yield its address."""
    words: list[str | Path] = [
        *(program, f"--config.file={directory / 'prometheus.yml'}", f"--storage.tsdb.path={directory / 'data'}"),
        *(f"--web.listen-address=127.0.0.1:{port}", *flags),
    ]
    url = f"http://127.0.0.1:{port}"
    with (directory / "log").open("ab") as log:
        process = subprocess.Popen(clock.command(words), stdout=log, stderr=log)
        try:
            wait_until(lambda: samples(url, clock.now()) > 0, timeout=90, describe="the first sample")
            yield url
        finally:
            process.terminate()
            process.wait(60)


def samples(url: str, now: float) -> int:
    """Return how many samples of `up` there are in the ten seconds before *now*; 0 where it does not answer."""
    body = urllib.parse.urlencode({"query": "count_over_time(up[10s])", "time": f"{now}"}).encode()
    try:
        with urllib.request.urlopen(f"{url}/api/v1/query", body, timeout=10) as answer:  # noqa: S310 loopback
            result = json.load(answer)["data"]["result"]
    except OSError:
        return 0
    return int(float(result[0]["value"][1])) if result else 0


def configure(directory: Path, port: int, window: str | None) -> None:
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "scrape_configs": [{"job_name": "self", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}],
    }
    if window is not None:
        config["storage"] = {"tsdb": {"out_of_order_time_window": window}}
    (directory / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")


@pytest.mark.parametrize(
    ("flags", "window", "takes"),
    [
        ((), None, False),
        ((), "3h", False),
        (("--no-scrape.adjust-timestamps",), None, False),
        (("--no-scrape.adjust-timestamps",), "3h", True),
    ],
    ids=["as-it-comes", "window-alone", "flag-alone", "flag-and-window"],
)
def test_after_its_clock_went_back(
    program: Find, tmp_path: Path, *, flags: tuple[str, ...], window: str | None, takes: bool
) -> None:
    """Only the flag and the window together keep it going; a restart helps where there is the window."""
    prometheus = program("prometheus")
    clock = ShiftedClock(tmp_path / "clock", build_launcher(program("cc"), tmp_path))
    clock.set(LEAD, synchronized=False)
    port = free_port()
    configure(tmp_path, port, window)
    with scraping(prometheus, tmp_path, clock, port, *flags) as url:
        clock.set(0, synchronized=True)
        taken = 0
        with contextlib.suppress(AssertionError):
            taken = wait_until(lambda: samples(url, clock.now()), timeout=PATIENCE_SECONDS, describe="a sample")
    assert bool(taken) is takes
    if window is not None and not takes:
        with scraping(prometheus, tmp_path, clock, port, *flags) as url:
            assert samples(url, clock.now()) > 0
