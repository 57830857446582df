"""A target label of any name that the rules or their texts read hides no page and changes no word of one."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kubepki.rules.site import Site
from tests.rules.pages import Series, fired
from tests.rules.sentences.table import NOW, hosts, series
from tests.rules.sick_hosts import sick_hosts
from tests.rules.test_consistency import ALERTS, ALL, NAMES
from tests.rules.test_labels_of_the_rules import OURS
from tests.rules.timelines import Timeline

Find = Callable[[str], Path]
DEFAULTS = Site()
Pages = dict[tuple[str, ...], str]
OF_TARGETS = {"job", "cluster", *DEFAULTS.host_labels}
"""What targets have anyway, with values of their own."""
THEIRS = "theirs"
LINE = Timeline(scrape=60, evaluate=60, end=1_200)
# It divides the length of no axis of the table, so that each value of each comes.
STRIDE = 499
LINK = "/pki/kubelet-client-current.pem"


def names() -> Iterator[str]:
    """Yield each name of a label that the file has: written, matched, grouped by, ignored, or read by a template."""
    for rule in ALL:
        yield from rule.get("labels", {})
        yield from re.findall(r'"(\w+)", "[\w-]*", "", ""\s*\)', rule["expr"])
        yield from re.findall(r'\b(\w+)\s*(?:=~|!~|!=|=)\s*"', rule["expr"])
        for listed in re.findall(r"\b(?:without|by|ignoring)\s*\(([^()]*)\)", rule["expr"]):
            yield from re.findall(r"\w+", listed)
    for text in (text for rule in ALERTS for text in rule["annotations"].values()):
        yield from re.findall(r"(?:\$labels|\.Labels)\.(\w+)", text)
        yield from re.findall(r'(?:[{,]|%s)(\w+)=~?\\"', text)


TAKEN = sorted({name for name in names() if not name.startswith(("exported_", "__"))} - OURS - OF_TARGETS)


def test_the_names_are_found() -> None:
    """What is recorded, what is only in an `_info` series, and what Prometheus writes itself."""
    assert {"finding", "level", "trouble", "verdict", "subject", "fallback", "target", "severity"} <= set(TAKEN)


def _further() -> Iterator[dict[str, str]]:
    """Yield a link that was written ahead, one that is broken with a fallback, and what the exporter may lack."""
    written = {"cluster": "written", "instance": "written", "path": LINK}
    yield from LINE.host(cluster="written", instance="written")
    yield LINE.series("kubepki_symlink_target_age_seconds", written, lambda now: now - 9_000)
    yield LINE.series("kubepki_symlink_info", {**written, "target": "/pki/new.pem"}, lambda _: 1)
    broken = {"cluster": "broken", "instance": "broken", "path": LINK}
    yield from LINE.host(cluster="broken", instance="broken")
    yield LINE.series("kubepki_fault", {**broken, "standing": "current", "reason": "dangling"}, lambda _: 1)
    yield LINE.series("kubepki_fallback_certificates", broken, lambda _: 1)
    yield LINE.series("kubepki_fallback_info", {**broken, "fallback": "/pki/old.pem"}, lambda _: 1)
    yield LINE.series("kubepki_watch_up", {**broken, "path": "/pki"}, lambda _: 0)
    yield LINE.series("up", {"cluster": "other", "instance": "other"}, lambda _: 1)
    yield LINE.series("up", {"cluster": "down", "instance": "down"}, lambda _: 0)


def beside(label: str, plain: Series) -> Series:
    """Return what Prometheus stores of *plain* where each target has *label*: ours of that name is renamed."""
    return [
        {
            **one,
            "series": re.sub(rf"([{{ ]){label}=", rf"\1exported_{label}=", one["series"]).replace(
                "{", f'{{{label}="{THEIRS}", ', 1
            ),
        }
        for one in plain
    ]


def pages(promtool: Path, directory: Path, label: str = "") -> Pages:
    """Return the description of each page by its labels, but for *label*, which each target has where it is named."""
    table: Series = [one for host in list(hosts())[::STRIDE] for one in series(host)]
    sick: Series = [*sick_hosts(LINE, LINE.end + 1), *_further()]
    fleets = ((beside(label, some) if label else some, second) for some, second in ((table, NOW), (sick, LINE.end)))
    found: Pages = {}
    for labels, description in fired(promtool, directory, fleets, NAMES):
        key = tuple(f"{name}={value}" for name, value in sorted(labels.items()) if value != THEIRS)
        assert key not in found
        found[key] = description
    return found


@pytest.fixture(scope="module")
def plain(program: Find, tmp_path_factory: pytest.TempPathFactory) -> Pages:
    """Return the pages where no target has such a label; each alert is among them."""
    found = pages(program("promtool"), tmp_path_factory.mktemp("plain"))
    told = {name.removeprefix("alertname=") for key in found for name in key if name.startswith("alertname=")}
    assert told == set(NAMES)
    return found


@pytest.mark.parametrize("label", TAKEN)
def test_every_page_says_the_same(program: Find, tmp_path: Path, plain: Pages, label: str) -> None:
    """No page is missing, none is there in addition, and each has the words that it has without the label."""
    found = pages(program("promtool"), tmp_path, label)
    assert found.keys() == plain.keys()
    wrong = {key: (text, plain[key]) for key, text in found.items() if text != plain[key]}
    assert not wrong, "\n".join(f"{key}\n  {text}\n  {before}" for key, (text, before) in wrong.items())
