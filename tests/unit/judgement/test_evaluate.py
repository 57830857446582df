"""Findings: every stage of the incident and their change as a clock advances."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubepki.judgement.belief import believe
from kubepki.judgement.comparisons import thresholds
from kubepki.judgement.evaluate import Code, Finding, evaluate
from kubepki.judgement.fallbacks import repair_times, usable_fallbacks
from kubepki.model import (
    Candidate,
    Certificate,
    Link,
    PathState,
    Reading,
    ReferenceReading,
    Rotation,
    Severity,
    Snapshot,
    Standing,
    Usage,
)

DAY = 86_400.0
YEAR = 365 * DAY
NOT_BEFORE = 1_000_000_000.0
LINK = "/pki/kubelet-client-current.pem"
START_OF_VALIDITY = {Code.CERTIFICATE_FUTURE_DATED, Code.CERTIFICATE_NOT_YET_VALID, Code.HOST_CLOCK_BEHIND}


def certificate(*, usage: Usage = Usage.CLIENT, not_before: float = NOT_BEFORE, life: float = YEAR) -> Certificate:
    return Certificate(
        entry="0",
        usage=usage,
        subject="CN=a",
        issuer="CN=ca",
        serial="01",
        fingerprint_sha256="0" * 64,
        not_before=not_before,
        not_after=not_before + life,
    )


def state(
    leaf: Certificate, *, standing: Standing = Standing.CURRENT, candidates: tuple[Candidate, ...] = ()
) -> PathState:
    link = Link(target="/pki/target.pem", target_mtime=NOT_BEFORE - DAY / 2, target_name_time=None)
    return PathState(path=LINK, standing=standing, certificates=(leaf,), link=link, candidates=candidates)


def snapshot(*states: PathState) -> Snapshot:
    return Snapshot(paths=states)


def reading(host: float, **references: float | None) -> Reading:
    return Reading(
        host_time=host,
        synchronized=True,
        references=tuple(
            ReferenceReading(clock=source, up=now is not None, offset=None if now is None else now - host)
            for source, now in references.items()
        ),
    )


def codes(*findings: Finding) -> set[Code]:
    return {finding.code for finding in findings}


BEFORE, AFTER = NOT_BEFORE - 7860, NOT_BEFORE + 60


@pytest.mark.parametrize(
    ("host", "references", "expected"),
    [
        (AFTER, {}, None),
        (AFTER, {"apiserver": AFTER}, None),
        (AFTER, {"apiserver": BEFORE}, Code.CERTIFICATE_NOT_YET_VALID),
        (AFTER, {"apiserver": AFTER, "ntp/a": BEFORE}, Code.CERTIFICATE_FUTURE_DATED),
        (AFTER, {"apiserver": None}, None),
        (BEFORE, {}, Code.CERTIFICATE_NOT_YET_VALID),
        (BEFORE, {"apiserver": None}, Code.CERTIFICATE_NOT_YET_VALID),
        (BEFORE, {"apiserver": BEFORE}, Code.CERTIFICATE_NOT_YET_VALID),
        (BEFORE, {"apiserver": AFTER}, Code.CERTIFICATE_NOT_YET_VALID),
        (BEFORE, {"apiserver": AFTER, "ntp/a": BEFORE}, Code.CERTIFICATE_NOT_YET_VALID),
        (BEFORE, {"ntp/a": AFTER}, Code.HOST_CLOCK_BEHIND),
        (BEFORE, {"ntp/a": BEFORE}, Code.CERTIFICATE_NOT_YET_VALID),
        (NOT_BEFORE, {"apiserver": NOT_BEFORE}, None),
        (NOT_BEFORE - 0.001, {"apiserver": NOT_BEFORE - 0.001}, Code.CERTIFICATE_NOT_YET_VALID),
    ],
)
def test_stages(host: float, references: dict[str, float | None], expected: Code | None) -> None:
    """Each combination of the host's and other clocks has its one finding about the start of validity."""
    found = evaluate(snapshot(state(certificate())), reading(host, **references))
    assert codes(*found) & START_OF_VALIDITY == ({expected} if expected else set())


@given(st.floats(min_value=-1e5, max_value=1e5), st.lists(st.floats(min_value=-1e5, max_value=1e5), min_size=2))
def test_a_lead_only_shrinks_as_a_clock_advances(apiserver: float, hosts: list[float]) -> None:
    """With the other clock still, the host's advance never brings the start of validity back as a host's problem."""
    blocked = [
        bool(
            codes(
                *evaluate(snapshot(state(certificate())), reading(NOT_BEFORE + host, apiserver=NOT_BEFORE + apiserver))
            )
            & {Code.CERTIFICATE_NOT_YET_VALID, Code.HOST_CLOCK_BEHIND}
        )
        for host in sorted(hosts)
    ]
    assert blocked == sorted(blocked, reverse=True)


@given(st.lists(st.floats(min_value=0, max_value=2 * YEAR), min_size=2), st.sampled_from(Usage))
def test_the_end_of_life_only_gets_worse(ages: list[float], usage: Usage) -> None:
    """Nothing, warning, critical, expired: the order never turns as the host's clock advances."""
    ranks = []
    for age in sorted(ages):
        found = evaluate(snapshot(state(certificate(usage=usage))), reading(NOT_BEFORE + age))
        ends = [each for each in found if each.code in {Code.CERTIFICATE_EXPIRING, Code.CERTIFICATE_EXPIRED}]
        assert len(ends) <= 1
        rank = 0
        if ends:
            expired = ends[0].code is Code.CERTIFICATE_EXPIRED
            rank = 3 if expired else 1 + (ends[0].severity is Severity.CRITICAL)
        ranks.append(rank)
    assert ranks == sorted(ranks)


@pytest.mark.parametrize(
    ("usage", "life", "warning", "critical"),
    [
        (Usage.CLIENT, 3600.0, 360.0, 108.0),
        (Usage.CLIENT, YEAR, 30 * DAY, 7 * DAY),
        (Usage.SERVER, 10 * YEAR, 30 * DAY, 7 * DAY),
        (Usage.CA, 10 * YEAR, 180 * DAY, 30 * DAY),
        (Usage.CA, YEAR, 36.5 * DAY, 10.95 * DAY),
        (Usage.SELF_SIGNED, YEAR, 30 * DAY, float("-inf")),
    ],
)
def test_thresholds(usage: Usage, life: float, warning: float, critical: float) -> None:
    """The smaller of a share and a fixed time; a self-signed one is never critical."""
    assert thresholds(certificate(usage=usage, life=life)) == pytest.approx((warning, critical))


def test_boundary_of_expiring() -> None:
    """Exactly at the threshold nothing is found, a second later it is."""
    leaf = certificate()
    edge = leaf.not_after - 30 * DAY
    assert not evaluate(snapshot(state(leaf)), reading(edge))
    assert codes(*evaluate(snapshot(state(leaf)), reading(edge + 1))) == {Code.CERTIFICATE_EXPIRING}


def test_superseded_is_never_judged() -> None:
    """Not even where everything is wrong with it."""
    found = evaluate(snapshot(state(certificate(), standing=Standing.SUPERSEDED)), reading(BEFORE))
    assert codes(*found) == {Code.NOTHING_WATCHED}


def test_rotated_while_unsynchronized_clears_itself() -> None:
    """The finding ends when the clock is synchronised and NotBefore is past, and not before."""
    latch = (Rotation(path=LINK, target="/pki/target.pem", clock_synchronized=False),)

    def found(*, synchronized: bool | None, host: float) -> bool:
        now = Reading(host_time=host, synchronized=synchronized, rotations=latch)
        return Code.ROTATED_WHILE_UNSYNCHRONIZED in codes(*evaluate(snapshot(state(certificate())), now))

    assert found(synchronized=False, host=AFTER)
    assert found(synchronized=None, host=AFTER)
    assert found(synchronized=True, host=BEFORE)
    assert not found(synchronized=True, host=AFTER)


def test_fallback_must_be_valid_at_the_believed_time_and_the_judges() -> None:
    """One of the two is enough to pass it over, a clock that is not believed is not; the longest valid comes first."""
    short, long = (
        Candidate(path=f"/pki/{name}.pem", leaf=certificate(not_before=NOT_BEFORE - YEAR / 2, life=life))
        for name, life in (("short", YEAR), ("long", 2 * YEAR))
    )
    bad = Candidate(path="/pki/bad.pem", leaf=certificate(not_before=NOT_BEFORE - DAY), objections=("another subject",))
    current = state(certificate(), candidates=(short, bad, long))

    def usable(now: Reading) -> list[str]:
        repair = repair_times(believe(snapshot(current), now), now)
        return [each.path for each in usable_fallbacks(current, repair)]

    assert usable(reading(BEFORE)) == ["/pki/long.pem", "/pki/short.pem"]
    assert not usable(reading(BEFORE, apiserver=NOT_BEFORE - YEAR))
    after_short = short.leaf.not_after + 1 if short.leaf else 0.0
    assert usable(reading(BEFORE, ntp=after_short)) == ["/pki/long.pem"]
    # The host alone is wrong: what the kubelet finds expired when it starts is no way back, what it finds early is.
    assert usable(reading(after_short, ntp=BEFORE)) == ["/pki/long.pem"]
    assert usable(reading(0.0, ntp=BEFORE)) == ["/pki/long.pem", "/pki/short.pem"]


@pytest.mark.parametrize(
    ("synchronized", "early", "left", "usable"),
    [
        (True, 300.0, 300.0, True),
        (True, 299.0, 300.0, False),
        (True, 300.0, 299.0, False),
        (False, 300.0, 300.0, False),
        (False, DAY, DAY, True),
        (False, DAY - 1, DAY, False),
        (False, DAY, DAY - 1, False),
    ],
)
def test_a_fallback_has_a_margin(*, synchronized: bool, early: float, left: float, usable: bool) -> None:
    """Five minutes on both sides by a sure time, a day by one that nothing confirms."""
    leaf = certificate(not_before=NOT_BEFORE - early, life=early + left)
    current = state(certificate(), candidates=(Candidate(path="/pki/old.pem", leaf=leaf),))
    now = replace(reading(NOT_BEFORE, apiserver=NOT_BEFORE), synchronized=synchronized)
    repair = repair_times(believe(snapshot(current), now), now)
    assert repair.refusal is None
    assert bool(usable_fallbacks(current, repair)) is usable


def test_alert_names() -> None:
    """A code is the alert's name in other letters."""
    assert Code.CERTIFICATE_NOT_YET_VALID.alert == "KubePKICertificateNotYetValid"
