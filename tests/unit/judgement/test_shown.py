"""What a server shows to its clients is judged by the believed time, as the alerts of the same names do."""

import pytest

from kubepki.judgement.evaluate import Code, Finding, evaluate
from kubepki.model import Reading, ReferenceReading, Severity, Snapshot
from kubepki.rules.site import Site

TRUE = 1_800_000_000.0
DAY = 86_400.0
HOUR = 3_600.0
CODES = {Code.REFERENCE_CERTIFICATE_EXPIRING, Code.REFERENCE_CERTIFICATE_FUTURE_DATED}


def found(*shown: tuple[str, float, float], host: float = 0.0, synchronized: bool = True) -> list[Finding]:
    """Return what is found where servers show certificates from and until so many seconds from the true time."""
    references = tuple(
        ReferenceReading(clock=clock, up=True, offset=-host, certificate=(TRUE + begins, TRUE + ends))
        for clock, begins, ends in shown
    )
    reading = Reading(host_time=TRUE + host, synchronized=synchronized, references=references)
    return [each for each in evaluate(Snapshot(), reading) if each.code in CODES]


@pytest.mark.parametrize(
    ("life", "left", "severity"),
    [
        (365 * DAY, 30 * DAY + 1, None),
        (365 * DAY, 30 * DAY - 1, Severity.WARNING),
        (365 * DAY, 7 * DAY - 1, Severity.CRITICAL),
        (10 * HOUR, HOUR + 1, None),
        (10 * HOUR, HOUR - 1, Severity.WARNING),
        (10 * HOUR, 0.3 * HOUR - 1, Severity.CRITICAL),
        (365 * DAY, -HOUR, Severity.CRITICAL),
    ],
)
def test_its_end(life: float, left: float, severity: Severity | None) -> None:
    """Near its end, by the thresholds of leaves, and past it."""
    findings = found(("apiserver", left - life, left))
    assert [each.severity for each in findings] == ([] if severity is None else [severity])
    for each in findings:
        assert each.code is Code.REFERENCE_CERTIFICATE_EXPIRING
        assert ("expired 1 h ago" if left < 0 else "expires in") in each.message
        assert "no kubelet and no kubectl of the cluster talks to it" in each.message


def test_the_thresholds_are_those_of_the_rules() -> None:
    """A year and an hour: the rules' defaults give the same."""
    limits = Site().thresholds
    assert (limits.leaf_warning, limits.leaf_critical) == (30 * DAY, 7 * DAY)
    assert (limits.leaf_warning_share, limits.leaf_critical_share) == (0.1, 0.03)


def test_its_beginning() -> None:
    """From the future by the believed time, also where this host is ahead and does not see it itself."""
    outside = ("https/outside", -DAY, 300 * DAY)
    (finding,) = found(("apiserver", 2 * HOUR, 300 * DAY), outside)
    assert (finding.code, finding.severity) == (Code.REFERENCE_CERTIFICATE_FUTURE_DATED, Severity.CRITICAL)
    assert "the certificate that the API server shows is not valid for another 2 h" in finding.message
    (ahead,) = found(("apiserver", 2 * HOUR, 300 * DAY), outside, host=3 * HOUR, synchronized=False)
    assert "2 h by the clock https/outside" in ahead.message


def test_the_worst_is_told() -> None:
    """Of two servers the one that is worst off; what another server than the API server shows hurts no kubelet."""
    (finding,) = found(("apiserver", -340 * DAY, 25 * DAY), ("https/outside", -364 * DAY, DAY))
    assert finding.severity is Severity.CRITICAL
    assert "the server of the clock https/outside" in finding.message
    assert "kubelet" not in finding.message


def test_where_nobody_can_tell_the_time_it_is_no_finding() -> None:
    """Host and API server contradict each other."""
    certificate = (TRUE - DAY, TRUE + HOUR)
    reference = ReferenceReading(clock="apiserver", up=True, offset=-5 * DAY, certificate=certificate)
    reading = Reading(host_time=TRUE, synchronized=False, references=(reference,))
    assert not {each.code for each in evaluate(Snapshot(), reading)} & CODES
