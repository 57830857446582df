"""Several API servers behind one address: the earliest judges what begins, the latest what ends."""

import pytest

from kubepki.judgement.belief import Sureness, believe
from kubepki.judgement.comparisons import JUDGE
from kubepki.judgement.evaluate import Code, evaluate
from kubepki.judgement.fallbacks import is_usable, repair_times
from kubepki.model import (
    Candidate,
    Certificate,
    PathState,
    Reading,
    ReferenceReading,
    Severity,
    Snapshot,
    Standing,
    Usage,
)

TRUE = 1_800_000_000.0
HOUR, DAY = 3_600.0, 86_400.0
LEAD = 2 * HOUR + 11 * 60


def client(begins: float, ends: float, usage: Usage = Usage.CLIENT) -> Certificate:
    return Certificate(
        entry="0",
        usage=usage,
        subject="CN=n",
        issuer="CN=ca",
        serial="01",
        fingerprint_sha256="0" * 64,
        not_before=TRUE + begins,
        not_after=TRUE + ends,
    )


def reading(earliest: float, latest: float, *, synchronized: bool = True) -> Reading:
    judge = ReferenceReading(clock=JUDGE, up=True, offset=earliest, spread=latest - earliest)
    return Reading(host_time=TRUE, synchronized=synchronized, references=(judge,))


def snapshot(leaf: Certificate) -> Snapshot:
    return Snapshot(paths=(PathState(path="/p/a-current.pem", standing=Standing.CURRENT, certificates=(leaf,)),))


def found(leaf: Certificate, clocks: Reading) -> dict[Code, str]:
    return {each.code: each.message for each in evaluate(snapshot(leaf), clocks)}


@pytest.mark.parametrize(
    ("earliest", "latest", "rejects"),
    [(0.0, LEAD, "one of the API servers"), (LEAD, 2 * LEAD, "the API server"), (-LEAD, 0.0, None)],
)
def test_the_latest_rejects_what_ends(earliest: float, latest: float, rejects: str | None) -> None:
    """A certificate with an hour left is refused by each server that is two hours ahead, and by no other."""
    told = found(client(-300 * DAY, HOUR), reading(earliest, latest))
    assert (Code.CERTIFICATE_EXPIRED in told) is (rejects is not None)
    if rejects is not None:
        assert f"so {rejects} rejects it now" in told[Code.CERTIFICATE_EXPIRED]


@pytest.mark.parametrize(
    ("earliest", "latest", "rejects"),
    [(-LEAD, 0.0, "one of the API servers"), (-2 * LEAD, -LEAD, "the API server"), (0.0, LEAD, None)],
)
def test_the_earliest_rejects_what_begins(earliest: float, latest: float, rejects: str | None) -> None:
    """A fresh certificate is refused by each server that is two hours behind, and by no other."""
    told = found(client(-360.0, 365 * DAY), reading(earliest, latest))
    assert (Code.CERTIFICATE_NOT_YET_VALID in told) is (rejects is not None)
    if rejects is not None:
        assert f"so {rejects} rejects it now" in told[Code.CERTIFICATE_NOT_YET_VALID]


@pytest.mark.parametrize(
    ("earliest", "latest", "off"), [(0.0, LEAD, LEAD), (-LEAD, 0.0, -LEAD), (-LEAD, 2 * LEAD, 2 * LEAD)]
)
def test_the_server_that_is_off_is_accused(earliest: float, latest: float, off: float) -> None:
    """One that is ahead is the signer's, likely, also where another one is right."""
    clocks = reading(earliest, latest)
    assert believe(snapshot(client(-DAY, 365 * DAY)), clocks).wrong(JUDGE) == pytest.approx(off)
    assert Code.REFERENCE_CLOCK_SKEWED in found(client(-DAY, 365 * DAY), clocks)


def test_servers_that_contradict_each_other_confirm_no_host() -> None:
    """Beside a host that nothing vouches for nobody can tell, whichever server agrees with it."""
    for earliest, latest in ((0.0, LEAD), (-LEAD, 0.0)):
        belief = believe(snapshot(client(-DAY, 365 * DAY)), reading(earliest, latest, synchronized=False))
        assert belief.sureness is Sureness.CANNOT_TELL
        assert "of the API servers' clocks is 2 h 11 min" in belief.why or "ahead of the earliest of" in belief.why


@pytest.mark.parametrize(
    ("begins", "ends", "usable"),
    [(-DAY, HOUR, False), (-HOUR, 30 * DAY, False), (-DAY, 30 * DAY, True)],
)
def test_a_file_is_put_back_only_if_each_server_takes_it(begins: float, ends: float, *, usable: bool) -> None:
    """It must be valid for the earliest and for the latest."""
    clocks = reading(-LEAD, LEAD)
    repair = repair_times(believe(Snapshot(), clocks), clocks)
    assert is_usable(Candidate(path="/p/a-1.pem", leaf=client(begins, ends)), repair) is usable


def test_what_is_not_presented_is_not_theirs() -> None:
    """A serving certificate that ends is judged by who connects to it."""
    leaf = client(-300 * DAY, HOUR, Usage.SERVER)
    told = [each for each in evaluate(snapshot(leaf), reading(0.0, LEAD)) if each.path]
    assert {(each.code, each.severity) for each in told} == {(Code.CERTIFICATE_EXPIRING, Severity.CRITICAL)}
