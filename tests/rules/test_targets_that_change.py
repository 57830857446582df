"""Targets that come, go and change their labels while a page is open."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.rules.sick_hosts import CERTIFICATE, NOT_AFTER, NOT_BEFORE
from tests.rules.test_consistency import RULES
from tests.rules.timelines import Timeline, Values, judge

Find = Callable[[str], Path]
AT = 20 * 60
"""When what is looked at happens."""
FIRING = 'ALERTS{alertstate="firing"}'
# How scrapes and evaluations follow each other.
INTERVALS = [(5, 15), (15, 60), (60, 60), (120, 15)]


def between(first: float, last: float, values: Values) -> Values:
    """Return *values* within a time, and stale markers outside of it."""
    return lambda now: values(now) if first <= now < last else None


def target(
    line: Timeline, first: float, last: float, labels: Mapping[str, str], *, answers: bool = True
) -> Iterator[dict[str, str]]:
    """Yield what Prometheus has of a target that it has from *first* until *last*, whose certificate has expired."""
    end = last if answers else first
    yield line.series("up", labels, between(first, last, lambda _: int(answers)))
    yield line.series("kubepki_host_time_seconds", labels, between(first, end, float))
    yield line.series(NOT_BEFORE, {**CERTIFICATE, **labels}, between(first, end, lambda _: -90_000.0))
    yield line.series(NOT_AFTER, {**CERTIFICATE, **labels}, between(first, end, lambda _: -60))


def silent(line: Timeline, first: float, last: float) -> frozenset[int]:
    """Return the numbers of the scrapes within a time."""
    return frozenset(range(int(first) // line.scrape, -(-int(last) // line.scrape)))


@pytest.mark.parametrize(("scrape", "evaluate"), INTERVALS)
@pytest.mark.parametrize("gap", [0, 60])
def test_a_host_that_was_replaced_under_its_address_pages_no_more(
    program: Find, tmp_path: Path, scrape: int, evaluate: int, gap: int
) -> None:
    """Its page ends with the new host's first scrape, whatever was lost between the two, and stays ended."""
    step = max(scrape, evaluate)
    line = Timeline(scrape=scrape, evaluate=evaluate, end=AT + 900)
    lost = Timeline(scrape=scrape, evaluate=evaluate, end=AT + 900, lost=silent(line, AT, AT + gap))
    ends: Values = lambda now: -60 if now < AT + gap else 90_000_000  # noqa: E731 one of many
    series = [*lost.host(), lost.series(NOT_AFTER, CERTIFICATE, ends)]
    series.append(lost.series(NOT_BEFORE, CERTIFICATE, lambda _: -90_000))
    expected = {(FIRING, AT + gap - evaluate): {"KubePKICertificateExpired": 1}} | {
        (FIRING, second): {} for second in range(AT + gap + step, line.end, evaluate) if second % evaluate == 0
    }
    judge(program("promtool"), RULES / "kubepki.rules.yml", lost.test(series, expected), tmp_path)


@pytest.mark.parametrize(("scrape", "evaluate"), INTERVALS)
@pytest.mark.parametrize("answered", [True, False], ids=["answered", "had not answered"])
def test_a_target_with_other_labels_takes_its_page_along(
    program: Find, tmp_path: Path, scrape: int, evaluate: int, *, answered: bool
) -> None:
    """One page under the new labels, and the old one ends, also where the host did not answer at that time."""
    step = max(scrape, evaluate)
    lost = silent(Timeline(scrape=scrape, evaluate=evaluate, end=0), AT - 120, AT) if not answered else frozenset[int]()
    line = Timeline(scrape=scrape, evaluate=evaluate, end=AT + 900, lost=lost)
    series = [
        *target(line, 0, AT, {"node": "before"}),
        *target(line, AT, line.end + 1, {"node": "after"}),
    ]
    seconds = range(AT + 2 * step, line.end, evaluate)
    expected = {(FIRING, AT - evaluate): {"KubePKICertificateExpired": 1}}
    expected |= {(FIRING, second): {"KubePKICertificateExpired": 1} for second in seconds if second % evaluate == 0}
    judge(program("promtool"), RULES / "kubepki.rules.yml", line.test(series, expected), tmp_path)


@pytest.mark.parametrize(("scrape", "evaluate"), INTERVALS)
def test_a_host_in_its_place_that_does_not_answer_yet(
    program: Find, tmp_path: Path, scrape: int, evaluate: int
) -> None:
    """The page of the host that was taken out ends, although the one in its place has not answered yet."""
    step = max(scrape, evaluate)
    line = Timeline(scrape=scrape, evaluate=evaluate, end=AT + 600)
    series = [
        *target(line, 0, AT, {"node": "before"}),
        *target(line, AT, line.end + 1, {"node": "after"}, answers=False),
    ]
    expired = 'ALERTS{alertname="KubePKICertificateExpired"}'
    expected = {(expired, AT - evaluate): {"KubePKICertificateExpired": 1}} | {
        (expired, second): {} for second in range(AT + 2 * step, line.end, evaluate) if second % evaluate == 0
    }
    judge(program("promtool"), RULES / "kubepki.rules.yml", line.test(series, expected), tmp_path)


@pytest.mark.parametrize(("scrape", "evaluate"), INTERVALS)
def test_two_jobs_that_scrape_one_host_are_two_pages_that_say_which(
    program: Find, tmp_path: Path, scrape: int, evaluate: int
) -> None:
    """Each has its own page, and what one of them loses the other does not."""
    lost = silent(Timeline(scrape=scrape, evaluate=evaluate, end=0), AT, AT + 300)
    line = Timeline(scrape=scrape, evaluate=evaluate, end=AT + 300)
    other = Timeline(scrape=scrape, evaluate=evaluate, end=AT + 300, lost=lost)
    jobs = {"east/kubepki-exporter": line, "west/kubepki-exporter": other}
    series = [one for job, its in jobs.items() for one in target(its, 0, AT + 301, {"job": job})]
    test = line.test(series, {(FIRING, second): {"KubePKICertificateExpired": 2} for second in (AT, AT + 240)})
    judge(program("promtool"), RULES / "kubepki.rules.yml", test, tmp_path)
