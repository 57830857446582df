"""The rules name what the exporter really says, and a rich host never makes a rule fail."""

import json
import re
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kubepki.model import Standing, Usage
from tests.grafana.prometheus import Prometheus, Series
from tests.grafana.prometheus import running as running_prometheus
from tests.rules.test_consistency import ALERTS, ALL
from tests.support import pki
from tests.support.golden_metrics import GOLDEN
from tests.support.running import parse_scrape
from tests.support.running import running as running_exporter
from tests.support.scenarios import stamp, write
from tests.support.waiting import wait_until

RECORDED = {rule["record"] for rule in ALL if "record" in rule}
# Labels that the scrape configuration, Prometheus or vmalert adds, and those that rules add to their own results.
OF_PROMETHEUS = {"job", "instance", "cluster", "alertname", "alertstate", "alertgroup"}
OF_FLEETS = {"node", "nodename", "host", "hostname", "pod", "kubernetes_io_hostname"}
OF_RULES = {"finding", "counts"} | {label for rule in ALL for label in rule.get("labels", {})}
NAME = r"(?:[a-z_]+:)?kubepki_[a-z0-9_]+(?::[a-z_]+)?"
SELECTOR = re.compile(rf"\b({NAME})(?:\{{((?:[^{{}}\"]|\"[^\"]*\")*)\}})?")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
GROUPING = re.compile(r"\b(?:without|by|ignoring|on|group_left|group_right)\s*\(([^)]*)\)")


@cache
def scraped() -> dict[str, set[str]]:
    """Return the metrics of all golden scrapes with the labels that they have there."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in GOLDEN.glob("*.prom"):
        for name, labels, _ in parse_scrape(file.read_text(encoding="utf-8")).samples:
            found[name] |= set(labels)
    return found


def texts(rule: dict[str, Any]) -> Iterator[str]:
    """Return the expression and the annotations of *rule*, queries in annotations as PromQL."""
    yield rule["expr"]
    for text in rule.get("annotations", {}).values():
        yield text.replace("%s", "").replace('\\"', '"')


def id_of(rule: dict[str, Any]) -> str:
    return "-".join([rule.get("record") or rule["alert"], *rule.get("labels", {}).values()])


each_rule = pytest.mark.parametrize("rule", ALL, ids=id_of)


@each_rule
def test_each_metric_and_label_is_scraped(rule: dict[str, Any]) -> None:
    """What a rule or an annotation selects is in a golden scrape, or recorded, with the labels that it names."""
    for text in texts(rule):
        for name, matchers in SELECTOR.findall(text):
            if name in RECORDED:
                continue
            assert name in scraped(), name
            for label, _, _ in MATCHER.findall(matchers):
                # What Prometheus makes of a label whose name a target label has.
                assert label.removeprefix("exported_") in scraped()[name] | OF_PROMETHEUS, (name, label)


@each_rule
def test_each_label_of_a_grouping_exists(rule: dict[str, Any]) -> None:
    """A misspelt label in `without` or `ignoring` would be silently without effect."""
    known = OF_PROMETHEUS | OF_FLEETS | OF_RULES | set().union(*scraped().values())
    named = {label.strip() for text in GROUPING.findall(rule["expr"]) for label in text.split(",")} - {""}
    assert {label.removeprefix("exported_") for label in named} <= known


@each_rule
def test_each_label_of_a_template_exists(rule: dict[str, Any]) -> None:
    """`$labels.X` and `label "X"` name labels that a sample may have."""
    known = OF_PROMETHEUS | OF_RULES | set().union(*scraped().values())
    for text in texts(rule):
        assert set(re.findall(r'(?:\$labels|\.Labels)\.(\w+)|(?:label|sortByLabel) "(\w+)"', text)) <= {
            pair for label in known for pair in ((label, ""), ("", label))
        }


@each_rule
def test_roles_and_usages_are_those_of_the_exporter(rule: dict[str, Any]) -> None:
    """A misspelt value would select nothing."""
    closed: dict[str, set[str]] = {"standing": {*Standing}, "usage": {*Usage}}
    for text in texts(rule):
        for label, _, pattern in MATCHER.findall(text):
            if label in closed:
                # An empty alternative means: or without this label; `.+` means: with it.
                assert set(pattern.split("|")) - {"", ".+"} <= closed[label], (label, pattern)


@dataclass(frozen=True, kw_only=True)
class Room:
    """Two rich hosts under a real Prometheus with our rules."""

    prometheus: Prometheus

    def firing(self) -> set[str]:
        """Return the names of the alerts that fire."""
        found = self.prometheus.query('count by (alertname) (ALERTS{alertstate="firing"})')
        return {series["metric"]["alertname"] for series in found}

    def rules(self) -> list[Series]:
        """Return what Prometheus says about each rule."""
        with urllib.request.urlopen(f"{self.prometheus.url}/api/v1/rules", timeout=30) as answer:  # noqa: S310 loopback
            groups = json.load(answer)["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]


def chained(make: Callable[..., pki.Pair], ca: pki.Pair, not_before: float, **further: float) -> pki.Pair:
    """Return a leaf with two intermediates behind it, as old as it is."""
    upper = pki.authority("upper", not_before=not_before, issuer=ca)
    lower = pki.authority("lower", not_before=not_before, issuer=upper)
    leaf = make(lower, not_before=not_before, **further)
    return replace(leaf, chain=(lower.certificate, upper.certificate))


def rich_host(top: Path, *, client: float, server: float) -> list[str]:
    """Write two links with chains, kubelet.crt and three kubeconfigs; return the exporter's arguments for them.

    *client* and *server* are the NotBefore of what the links present.
    """
    directory = top / "pki"
    directory.mkdir(parents=True)
    now = time.time()
    ca = pki.authority(not_before=now - pki.YEAR)
    first = chained(pki.client, ca, now - 60 * pki.DAY)
    pki.install(directory, "kubelet-client", first.pem, stamp(now - 60 * pki.DAY))
    pki.install(directory, "kubelet-client", chained(pki.client, ca, client).pem, stamp(max(client, now - pki.DAY)))
    serving = chained(pki.server, ca, server, lifetime=10 * pki.DAY)
    pki.install(directory, "kubelet-server", serving.pem, stamp(server))
    own = pki.self_signed(not_before=now - 2 * pki.YEAR)
    write(directory / "kubelet.crt", own.certificate_pem)
    write(directory / "kubelet.key", own.key_pem)
    cluster = pki.Cluster(ca=ca.certificate_pem + first.certificate_pem)
    old = pki.User(name="system:node:node30", certificate=first.certificate_pem, key=first.key_pem)
    lost = pki.User(name="lost", certificate=str(directory / "lost.crt"), key=str(directory / "lost.key"))
    admin = chained(pki.client, ca, client)
    embedded = pki.User(name="admin", certificate=admin.certificate_pem, key=admin.key_pem)
    configs = (
        write(top / "kubelet.conf", pki.kubeconfig([old, embedded], [cluster])),
        write(top / "admin.conf", pki.kubeconfig([lost, embedded], [cluster])),
        write(top / "controller-manager.conf", pki.kubeconfig([embedded], [cluster])),
    )
    return [
        f"--pki.directory={directory}",
        *(f"--pki.kubeconfig={config}" for config in configs),
        f"--state.directory={top / 'state'}",
        "--no-clock.apiserver",
    ]


@pytest.fixture(scope="module")
def room(program: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    top = tmp_path_factory.mktemp("rules")
    now = time.time()
    hosts = {
        "good": rich_host(top / "good", client=now - pki.DAY, server=now - pki.DAY),
        "bad": rich_host(top / "bad", client=now + 2 * pki.HOUR + 11 * 60, server=now - 20 * pki.DAY),
    }
    with ExitStack() as stack:
        addresses = []
        for name, arguments in hosts.items():
            (top / name / "state").mkdir()
            exporter = stack.enter_context(running_exporter(*arguments, log=top / f"{name}.log"))
            addresses.append(f"127.0.0.1:{exporter.port}")
        found = stack.enter_context(running_prometheus(program("prometheus"), top / "prometheus", addresses))
        yield Room(prometheus=found)


def test_no_rule_fails_on_rich_hosts(room: Room) -> None:
    """Chains, two links, three kubeconfigs and several alerts at once: no duplicate label sets, no failed join."""
    expected = {
        "KubePKICertificateNotYetValid",
        "KubePKICertificateExpired",
        "KubePKIPathBroken",
        "KubePKIKubeconfigDiverged",
        "KubePKISymlinkTargetFutureDated",
    }
    wait_until(
        lambda: expected <= room.firing(),
        timeout=30,
        describe=f"{sorted(expected)} to fire",
    )
    rules = room.rules()
    assert len(rules) == len(ALL)
    assert [(rule["name"], rule["health"], rule.get("lastError")) for rule in rules if rule["health"] != "ok"] == []
    assert [rule["name"] for rule in rules if rule.get("lastError")] == []


def test_one_page_for_one_path(room: Room) -> None:
    """However many certificates lie in a path, an alert has it once for each severity; other contexts have none."""
    twice = 'count without (alertstate) (ALERTS{path!=""}) > 1'
    assert room.prometheus.query(twice) == []
    paths = 'count by (path) (ALERTS{alertname="KubePKICertificateNotYetValid", alertstate="firing"})'
    names = {series["metric"]["path"].rpartition("/")[2] for series in room.prometheus.query(paths)}
    assert names == {"kubelet-client-current.pem", "controller-manager.conf"}


def test_no_annotation_fails(room: Room) -> None:
    """Every rendered annotation is words, not the error of a template."""
    rendered = [
        text for rule in room.rules() for alert in rule.get("alerts", ()) for text in alert["annotations"].values()
    ]
    assert len(rendered) > len(ALERTS)
    assert [text for text in rendered if re.search(r"error executing|<no value>|NaN", text)] == []
