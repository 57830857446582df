"""Target labels with the names of ours, under a real Prometheus: blind and said so, or kept by `honor_labels`."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.grafana.prometheus import Prometheus, Target, free_port
from tests.grafana.prometheus import running as running_prometheus
from tests.rules.test_against_exporter import Room
from tests.rules.test_consistency import ALERTS
from tests.support import pki
from tests.support.running import running as running_exporter
from tests.support.scenarios import stamp
from tests.support.waiting import wait_until

Find = Callable[[str], Path]
OURS = ("path", "entry", "usage", "standing", "reason", "clock")
PLAIN = "plain"
THEIRS = "theirs"
LEAD = 2 * pki.HOUR
# What is wrong with the one host behind all targets, by an alert of each of our labels.
EXPECTED = {"KubePKICertificateNotYetValid", "KubePKIPathBroken", "KubePKIReferenceClockDown"}
SERIES = "kubepki_certificate_not_before_timestamp_seconds|kubepki_fault|kubepki_reference_clock_up|kubepki_path_ok"
(CANARY,) = (rule["expr"] for rule in ALERTS if rule["alert"] == "KubePKISeriesMissing")


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of a host with a certificate from the future, a broken file, and a clock that is down."""
    top = tmp_path_factory.mktemp("host")
    directory = top / "pki"
    directory.mkdir()
    now = time.time()
    ca = pki.authority(not_before=now - pki.YEAR)
    pki.install(directory, "kubelet-client", pki.client(ca, not_before=now + LEAD).pem, stamp(now))
    (top / "admin.conf").write_bytes(b"")
    config = {
        "pki": {"directories": [str(directory)], "kubeconfigs": [str(top / "admin.conf")]},
        "clock": {
            "apiserver": False,
            "references": [{"name": "room", "host": "127.0.0.1", "port": free_port()}],
        },
        "state": {"directory": str(top)},
    }
    (top / "config.yaml").write_text(json.dumps(config))
    with running_exporter(f"--config.file={top / 'config.yaml'}", log=top / "log") as found:
        wait_until(
            lambda: "kubepki_reference_clock_up{" in found.get()[1], timeout=60, describe="the clock in a scrape"
        )
        yield f"127.0.0.1:{found.port}"


@pytest.fixture(scope="module")
def judges(
    program: Find, exporter: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[bool, Prometheus]]:
    """Yield a Prometheus with `honor_labels` and one without; each has one target for each name, and one for none.

    `instance` says which.
    """
    targets = [Target(address=exporter, labels={"instance": PLAIN})] + [
        Target(address=exporter, labels={"instance": name, name: THEIRS}) for name in OURS
    ]
    with ExitStack() as stack:
        yield {
            kept: stack.enter_context(
                running_prometheus(
                    program("prometheus"), tmp_path_factory.mktemp("prometheus"), targets, honor_labels=kept
                )
            )
            for kept in (True, False)
        }


def instances(prometheus: Prometheus, expr: str) -> set[str]:
    """Return the value of `instance` of all that *expr* finds now."""
    return {series["metric"]["instance"] for series in prometheus.query(expr)}


def firing(prometheus: Prometheus) -> dict[str, set[str]]:
    """Return the names of the alerts that fire, by instance."""
    found: dict[str, set[str]] = {name: set() for name in (*OURS, PLAIN)}
    for series in prometheus.query('ALERTS{alertstate="firing", instance!=""}'):
        found[series["metric"]["instance"]].add(series["metric"]["alertname"])
    return found


def test_honor_labels_keeps_ours(judges: Mapping[bool, Prometheus]) -> None:
    """Nothing is renamed, and each host has the alerts of one without such a label, about the same paths and clocks."""
    prometheus = judges[True]
    wait_until(
        lambda: all(names >= EXPECTED for names in firing(prometheus).values()),
        timeout=60,
        describe=f"{sorted(EXPECTED)} for each target",
    )
    for name in OURS:
        assert prometheus.query(f'{{__name__=~"kubepki_.+", exported_{name}!=""}}') == []
        assert instances(prometheus, f'{{__name__=~"{SERIES}", {name}="{THEIRS}"}}') <= {name}
    assert instances(prometheus, CANARY) == set()
    for alert, label in (("CertificateNotYetValid", "path"), ("PathBroken", "path"), ("ReferenceClockDown", "clock")):
        found = prometheus.query(f'count by ({label}) (ALERTS{{alertname="KubePKI{alert}"}})')
        assert [(len(series["metric"]), series["value"][1]) for series in found] == [(1, f"{len(OURS) + 1}")]
    assert [
        (rule["name"], rule["lastError"]) for rule in Room(prometheus=prometheus).rules() if rule.get("lastError")
    ] == []


def test_without_it_the_canary_finds_each(judges: Mapping[bool, Prometheus]) -> None:
    """What the alert asks is true for each target with a name of ours, while some of them page about nothing."""
    prometheus = judges[False]
    wait_until(
        lambda: firing(prometheus)[PLAIN] >= EXPECTED and instances(prometheus, CANARY) == set(OURS),
        timeout=60,
        describe="the canary for each target",
    )
    for name in OURS:
        assert name in instances(prometheus, f'{{__name__=~"{SERIES}", exported_{name}!=""}}')
    # The reason why it is there: the rules match nothing.
    assert "KubePKICertificateNotYetValid" not in firing(prometheus)["standing"]
