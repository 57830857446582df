"""Verdicts follow from the belief: what the judge does, what is true, which clock is wrong."""

from dataclasses import replace

import pytest

from kubepki.commands.diagnosis import given_reading
from kubepki.judgement.evaluate import Code, evaluate
from kubepki.model import Certificate, PathState, Reading, ReferenceReading, Severity, Snapshot, Standing, Usage

TRUE = 1_800_000_000.0
LEAD = 7_860.0
DAY = 86_400.0
YEAR = 365 * DAY


def leaf(not_before: float, not_after: float, usage: Usage = Usage.CLIENT) -> Snapshot:
    certificate = Certificate(
        entry="0",
        usage=usage,
        subject="CN=a",
        issuer="CN=ca",
        serial="01",
        fingerprint_sha256="0" * 64,
        not_before=not_before,
        not_after=not_after,
    )
    return Snapshot(paths=(PathState(path="/a.pem", standing=Standing.CURRENT, certificates=(certificate,)),))


GOOD = leaf(TRUE - 100 * DAY, TRUE + 265 * DAY)
FUTURE = leaf(TRUE + LEAD - 300, TRUE + LEAD + YEAR)


def clocks(host: float, *, synchronized: bool | None, judge: float | None = None, ntp: float | None = None) -> Reading:
    """Return clocks that are off true time by the given seconds; None: it is not there."""
    offs = {"apiserver": judge, "ntp/a": ntp}
    references = tuple(
        ReferenceReading(clock=name, up=True, offset=off - host) for name, off in offs.items() if off is not None
    )
    return Reading(host_time=TRUE + host, synchronized=synchronized, references=references)


def codes(snapshot: Snapshot, now: Reading) -> set[Code]:
    return {finding.code for finding in evaluate(snapshot, now)}


def test_a_corrected_host_beside_an_api_server_ahead() -> None:
    """The certificate is future-dated, the API server's clock is wrong, and the host is not accused."""
    now = clocks(0, synchronized=True, judge=LEAD)
    assert codes(FUTURE, now) == {Code.CERTIFICATE_NOT_YET_VALID, Code.REFERENCE_CLOCK_SKEWED}
    assert "accepts it only until" in evaluate(FUTURE, now)[0].message
    assert codes(GOOD, now) == {Code.REFERENCE_CLOCK_SKEWED}


def test_a_host_in_1970_without_another_clock_accuses_no_certificate() -> None:
    """What is true cannot be told, but that the host is behind can."""
    now = replace(clocks(-TRUE, synchronized=False), earliest=TRUE - DAY)
    assert codes(GOOD, now) == {Code.HOST_CLOCK_BEHIND, Code.HOST_CLOCK_SKEWED, Code.TIME_UNKNOWN}
    assert Code.CERTIFICATE_EXPIRED in codes(leaf(TRUE - YEAR, TRUE - 2 * DAY), now)


def test_the_judge_ahead_of_the_end() -> None:
    """What the API server takes for expired it rejects; a serving certificate is not its to judge."""
    ends = leaf(TRUE - YEAR, TRUE + LEAD / 2)
    (found,) = [each for each in evaluate(ends, clocks(0, synchronized=True, judge=LEAD)) if each.path]
    assert found.code is Code.CERTIFICATE_EXPIRED
    assert "so the API server rejects it now; by this host's clock it is valid for another" in found.message
    serving = leaf(TRUE - YEAR, TRUE + LEAD / 2, Usage.SERVER)
    assert Code.CERTIFICATE_EXPIRED not in codes(serving, clocks(0, synchronized=True, judge=LEAD))


@pytest.mark.parametrize(
    ("usage", "severity"),
    [
        (Usage.CLIENT, Severity.CRITICAL),
        (Usage.SERVER, Severity.CRITICAL),
        (Usage.PEER, Severity.CRITICAL),
        (Usage.CA, Severity.CRITICAL),
        (Usage.SELF_SIGNED, Severity.INFO),
        (Usage.OTHER, Severity.WARNING),
    ],
)
def test_who_suffers_from_an_end(usage: Usage, severity: Severity) -> None:
    """An expired CA takes its cluster along; nobody verifies a serving certificate that is its own CA."""
    (found,) = evaluate(leaf(TRUE - YEAR, TRUE - DAY, usage), clocks(0, synchronized=True))
    assert (found.code, found.severity) == (Code.CERTIFICATE_EXPIRED, severity)


@pytest.mark.parametrize("off", [LEAD, -LEAD])
def test_the_judge_alone_is_wrong_on_a_good_certificate(off: float) -> None:
    """The earliest sign of all: the API server's clock, before anything is signed by it."""
    assert codes(GOOD, clocks(0, synchronized=True, judge=off)) == {Code.REFERENCE_CLOCK_SKEWED}
    assert codes(GOOD, clocks(0, synchronized=False, judge=off)) == {Code.TIME_UNKNOWN}
    assert codes(GOOD, clocks(0, synchronized=False, judge=off, ntp=0)) == {Code.REFERENCE_CLOCK_SKEWED}
    assert codes(GOOD, clocks(off, synchronized=False, judge=0, ntp=0)) == {Code.HOST_CLOCK_SKEWED}


def test_the_judge_that_rejects_is_said_whatever_the_host_thinks() -> None:
    """Rejected now is a fact of the API server's own clock, also where nobody can tell the time."""
    now = clocks(LEAD, synchronized=False, judge=0)
    assert codes(FUTURE, now) == {Code.CERTIFICATE_NOT_YET_VALID, Code.TIME_UNKNOWN}
    assert "the API server rejects it now" in evaluate(FUTURE, now)[0].message


def test_all_ahead_together_but_for_one_outside() -> None:
    """It works only as long as all are wrong: future-dated, and both clocks are accused."""
    now = clocks(LEAD, synchronized=False, judge=LEAD, ntp=0)
    assert codes(FUTURE, now) == {
        Code.CERTIFICATE_FUTURE_DATED,
        Code.HOST_CLOCK_SKEWED,
        Code.REFERENCE_CLOCK_SKEWED,
    }


@pytest.mark.parametrize(("synchronized", "found"), [(False, True), (True, False)])
def test_the_hardware_clock_after_a_repair(*, synchronized: bool, found: bool) -> None:
    """Hours off and no synchronisation: the next boot repeats the night."""
    now = replace(clocks(0, synchronized=synchronized, judge=0), rtc_offset=LEAD)
    assert (Code.HARDWARE_CLOCK_SKEWED in codes(GOOD, now)) is found


@pytest.mark.parametrize(
    ("off", "severity"),
    [
        (7_200.0, Severity.INFO),
        (-5 * 3_600.0 + 3, Severity.INFO),
        (20_700.0, Severity.INFO),
        (7_860.0, Severity.WARNING),
        (86_400.0, Severity.WARNING),
    ],
)
def test_a_hardware_clock_in_local_time(off: float, severity: Severity) -> None:
    """Off by what a time zone may be it is told as such; by anything else it begins the next boot wrong."""
    now = replace(clocks(0, synchronized=False, judge=0), rtc_offset=off)
    (found,) = (each for each in evaluate(GOOD, now) if each.code is Code.HARDWARE_CLOCK_SKEWED)
    assert found.severity is severity
    assert ("local time" in found.message) is (severity is Severity.INFO)


def outside(host: float, *offs: float) -> Reading:
    """Return a host that nothing synchronises beside clocks outside, all off true time by the given seconds."""
    references = tuple(
        ReferenceReading(clock=f"https/{number}", up=True, offset=off - host) for number, off in enumerate(offs)
    )
    return Reading(host_time=TRUE + host, synchronized=False, references=references)


def test_of_clocks_outside_that_contradict_each_other_two_tell_the_end() -> None:
    """The host's own may be the second, as in the rules; one alone does not page at each rotation."""
    ends = leaf(TRUE - YEAR, TRUE + LEAD / 2)
    assert Code.CERTIFICATE_EXPIRED in codes(ends, outside(LEAD, 0, LEAD))
    assert Code.CERTIFICATE_EXPIRED not in codes(ends, outside(0, 0, LEAD))
    assert Code.TIME_UNKNOWN in codes(ends, outside(0, 0, LEAD))
    (found, *_) = evaluate(ends, outside(LEAD, 0, LEAD))
    assert found.severity is Severity.CRITICAL
    assert "which clock is right cannot be told" in found.message


def test_a_host_behind_all_clocks_outside_is_behind() -> None:
    """However they contradict each other: each of them has reached NotBefore."""
    begun = leaf(TRUE - 300, TRUE + YEAR)
    found = codes(begun, outside(-2 * LEAD, 0, LEAD))
    assert Code.HOST_CLOCK_BEHIND in found
    assert not found & {Code.CERTIFICATE_NOT_YET_VALID, Code.CERTIFICATE_FUTURE_DATED}


def test_two_clocks_that_say_the_same_to_the_bit() -> None:
    """Neither is greater: one of them is told."""
    assert Code.CERTIFICATE_NOT_YET_VALID in codes(FUTURE, outside(0, 0, 0, 2 * LEAD, 2 * LEAD))


@pytest.mark.parametrize(
    ("host", "judge", "code"),
    [
        (LEAD, LEAD, Code.CERTIFICATE_FUTURE_DATED),
        (LEAD, None, Code.CERTIFICATE_FUTURE_DATED),
        (0.0, LEAD, Code.CERTIFICATE_NOT_YET_VALID),
        (0.0, None, Code.CERTIFICATE_NOT_YET_VALID),
        (LEAD, 0.0, Code.CERTIFICATE_NOT_YET_VALID),
    ],
)
def test_a_given_time_is_named_as_the_page_names_it(host: float, judge: float | None, code: Code) -> None:
    """Future-dated where neither the host nor the API server has seen it, not valid yet where one of them has."""
    found = evaluate(FUTURE, given_reading(TRUE, clocks(host, synchronized=False, judge=judge)))[0]
    assert (found.code, found.severity) == (code, Severity.CRITICAL)
