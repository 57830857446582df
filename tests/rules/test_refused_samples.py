"""What a real Prometheus refuses of a real exporter: by a limit, by a dropped label, after its clock was set back."""

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.grafana.prometheus import fast_rules, free_port
from tests.kubernetes.shifted import ShiftedClock, build_launcher
from tests.support import pki
from tests.support.running import running as running_exporter
from tests.support.scenarios import stamp
from tests.support.waiting import wait_until

Find = Callable[[str], Path]
RULERS = os.environ.get("KUBEPKI_RULERS", "")
LEAD = 2 * 3_600 + 11 * 60
REFUSED, DOWN = "KubePKISamplesRefused", "KubePKIExporterDown"
# What a site may have in its scrape configuration.
LIMITS: Mapping[str, Mapping[str, object]] = {
    "samples": {"sample_limit": 20},
    "labels": {"label_limit": 5},
    "length": {"label_value_length_limit": 60},
    "body": {"body_size_limit": "1KB"},
    "path": {"metric_relabel_configs": [{"action": "labeldrop", "regex": "path"}]},
    "standing": {"metric_relabel_configs": [{"action": "labeldrop", "regex": "standing"}]},
    "keep": {
        "metric_relabel_configs": [
            {"action": "drop", "source_labels": ["__name__"], "regex": "kubepki_certificate_not_before_timestamp.*"}
        ]
    },
    "plain": {},
}


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[str]:
    """Yield the address of a healthy host with two current certificates."""
    directory = tmp_path / "pki"
    directory.mkdir()
    now = time.time()
    ca = pki.authority(not_before=now - pki.YEAR)
    pki.install(directory, "kubelet-client", pki.client(ca, not_before=now - pki.DAY).pem, stamp(now))
    pki.install(directory, "kubelet-server", pki.client(ca, not_before=now - pki.DAY).pem, stamp(now))
    flags = (f"--pki.directory={directory}", "--no-clock.apiserver", f"--state.directory={tmp_path}")
    with running_exporter(*flags, log=tmp_path / "exporter.log") as found:
        wait_until(lambda: "kubepki_certificates_watched{" in found.get()[1], timeout=60, describe="a scrape")
        yield f"127.0.0.1:{found.port}"


@contextmanager
def judging(
    program: Path, directory: Path, clock: ShiftedClock, jobs: Mapping[str, tuple[str, Mapping[str, object]]]
) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Run a Prometheus with the shipped rules by *clock*; yield what returns its alerts that fire."""
    directory.mkdir()
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(fast_rules(directory))],
        "scrape_configs": [
            {"job_name": f"{name}/kubepki-exporter", "static_configs": [{"targets": [address]}], **limits}
            for name, (address, limits) in jobs.items()
        ],
    }
    (directory / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")
    port = free_port()
    words: list[str | Path] = [
        *(program, f"--config.file={directory / 'prometheus.yml'}", f"--storage.tsdb.path={directory / 'data'}"),
        *(f"--web.listen-address=127.0.0.1:{port}", "--enable-feature=extra-scrape-metrics"),
    ]

    def firing() -> list[dict[str, Any]]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/alerts", timeout=10) as answer:
                alerts: list[dict[str, Any]] = json.load(answer)["data"]["alerts"]
        except OSError:
            return []
        return [each for each in alerts if each["state"] == "firing"]

    with (directory / "log").open("ab") as log:
        process = subprocess.Popen(clock.command(words), stdout=log, stderr=log)
        try:
            yield firing
        finally:
            process.terminate()
            process.wait(60)


def of_jobs(alerts: list[dict[str, Any]], name: str) -> dict[str, str]:
    """Return the words of each alert called *name* by the job."""
    found = [each for each in alerts if each["labels"]["alertname"] == name]
    return {each["labels"].get("job", "").partition("/")[0]: each["annotations"]["description"] for each in found}


def _all_told(alerts: list[dict[str, Any]]) -> dict[str, str]:
    """Return the words of each job that is refused, nothing while another set of jobs is told of."""
    refused, down = of_jobs(alerts, REFUSED), of_jobs(alerts, DOWN)
    return refused if refused.keys() == LIMITS.keys() - {"plain"} and down.keys() == {"silent"} else {}


@pytest.mark.parametrize("ruler", ["prometheus", f"{RULERS}/prometheus"] if RULERS else ["prometheus"])
def test_what_a_site_refuses_is_told(program: Find, tmp_path: Path, exporter: str, ruler: str) -> None:
    """Each limit and each dropped label, beside a target that is let alone and one that does not answer."""
    prometheus = Path(ruler) if "/" in ruler else program(ruler)
    clock = ShiftedClock(tmp_path / "clock", build_launcher(program("cc"), tmp_path))
    jobs = {name: (exporter, limits) for name, limits in LIMITS.items()}
    with judging(prometheus, tmp_path / "prometheus", clock, {**jobs, "silent": ("127.0.0.1:1", {})}) as firing:
        told = wait_until(
            lambda: _all_told(firing()), timeout=60, describe=f"{REFUSED} of each but plain, {DOWN} of the silent"
        )
    for name in ("samples", "labels", "length", "body"):
        assert " answers, but Prometheus refuses the answer" in told[name], name
    # Of two paths one is kept; without their standing, or their series, none.
    assert " reports, 1 did not arrive" in told["path"]
    assert " reports, 2 did not arrive" in told["standing"]
    assert " reports, 2 did not arrive" in told["keep"]


def test_a_clock_that_went_back_is_told(program: Find, tmp_path: Path, exporter: str) -> None:
    """Until the time that it was set back from, Prometheus refuses everything, and says so."""
    clock = ShiftedClock(tmp_path / "clock", build_launcher(program("cc"), tmp_path))
    clock.set(LEAD, synchronized=False)
    with judging(program("prometheus"), tmp_path / "prometheus", clock, {"room": (exporter, {})}) as firing:
        wait_until(lambda: of_jobs(firing(), "KubePKIHostClockSkewed"), timeout=60, describe="a judged scrape")
        assert of_jobs(firing(), REFUSED) == {}
        clock.set(0, synchronized=True)
        told = wait_until(lambda: of_jobs(firing(), REFUSED), timeout=60, describe=REFUSED)
    assert told["room"].startswith("What was recorded of the job room/kubepki-exporter reaches 2h 1")
