"""The page that prints a command, `check` and `rollback` agree on which files help, whatever the life of a certificate.

A page offers a rollback where `kubepki_fallback_certificates` is above 0, and its command carries Prometheus' time. So
what is counted must be what `rollback --at` takes, for certificates of an hour as for those of a year.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, islice, product
from pathlib import Path

import pytest

from kubepki.commands.diagnosis import Look, given_reading
from kubepki.commands.hands import Hands
from kubepki.commands.outcome import todos
from kubepki.commands.plan import Plan, make_plan
from kubepki.judgement.belief import believe
from kubepki.judgement.evaluate import Code, evaluate
from kubepki.judgement.fallbacks import RepairTimes, usable_fallbacks
from kubepki.metrics.collector import link_families
from kubepki.model import Candidate, Link, PathState, Reading, ReferenceReading, Snapshot, Standing
from kubepki.rules.path_sentences import ROLLBACK_REFUSES, ROLLBACK_REPAIRS
from tests.support.clock_table import BUILT, DAY, LINK, TRUE, certificate
from tests.support.looks import look_at
from tests.support.scenarios import SCENARIOS, Scenario

HOUR = 3_600.0
LIVES = (HOUR, 4 * HOUR, 24 * HOUR, 7 * DAY, 30 * DAY, 365 * DAY)
# The share of its life that is over, in truth. A kubelet rotates between 0.7 and 0.9, after a restart at any time.
SHARES = (-0.3, 0.02, 0.3, 0.6, 0.75, 0.88, 0.97, 1.2)
# How far the whole room is off, or the node alone.
OFFS = (0.0, 180.0, 1_200.0, 7_860.0, -180.0, -1_200.0, 26 * HOUR)
JUDGES = ("as the node", "right", "unread")


def snapshot(life: float, share: float) -> Snapshot:
    """Return a node whose link leads to a file from the future, beside one that is *share* through its life."""
    old = (-share * life, (1 - share) * life)
    candidate = Candidate(path="/var/lib/kubelet/pki/kubelet-client-old.pem", leaf=certificate(old))
    future = certificate((2 * HOUR, 2 * HOUR + life))
    link = Link(target="/var/lib/kubelet/pki/new.pem", target_mtime=TRUE - DAY, target_name_time=None)
    state = PathState(path=LINK, standing=Standing.CURRENT, certificates=(future,), link=link, candidates=(candidate,))
    return Snapshot(paths=(state,))


def reading(off: float, judge: str, *, synchronized: bool | None) -> Reading:
    offsets = {"as the node": 0.0, "right": -off, "unread": None}
    apiserver = ReferenceReading(clock="apiserver", up=judge != "unread", offset=offsets[judge])
    host = TRUE + off
    return Reading(host_time=host, earliest=BUILT, synchronized=synchronized, references=(apiserver,))


def looks() -> Iterator[tuple[str, float, float, float, Look, Look]]:
    """Yield what `check` sees in each case, and what it sees with the notification's time."""
    for life, share, off, judge, synchronized in product(LIVES, SHARES, OFFS, JUDGES, (True, False)):
        disk, now = snapshot(life, share), reading(off, judge, synchronized=synchronized)
        name = f"life {life / HOUR:g} h, {share:g} over, {off:g} s off, API server {judge}, {synchronized=}"
        given = given_reading(TRUE, now)
        plain = Look(snapshot=disk, reading=now, findings=evaluate(disk, now))
        at = Look(snapshot=disk, reading=given, findings=evaluate(disk, given), assumed=True, wall=now.host_time)
        yield name, life, share, off, plain, at


def offered(look: Look) -> bool:
    """Return whether the metrics tell of a fallback."""
    families = link_families(look.snapshot, look.reading, believe(look.snapshot, look.reading))
    return any(
        sample.value > 0
        for family in families
        for sample in family.library().samples
        if sample.name == "kubepki_fallback_certificates"
    )


def test_what_is_offered_is_done() -> None:
    """Where the host's clock is right what is offered is done, and what would be done is offered but near its ends."""
    count = 0
    for name, life, share, off, plain, at in looks():
        plan = make_plan(at, LINK)
        shown = offered(plain)
        if off == 0 and shown:
            assert isinstance(plan, Plan), f"{name}: it is offered and refused: {plan.why}"
            count += 1
        ample = 0.5 <= share <= 0.9 and life > HOUR
        if off == 0 and ample and isinstance(plan, Plan):
            assert shown, f"{name}: it would be done and is not offered"
        if isinstance(plan, Plan):
            assert 0 < share < 1, f"{name}: what is put in place is not valid in truth"
    assert count > len(LIVES)


def test_a_room_that_is_ahead_offers_what_a_true_time_takes() -> None:
    """Two hours ahead, unconfirmed: a file that is valid at both times and half through its life is offered."""
    for name, life, share, off, plain, at in looks():
        if off < 0 or plain.belief.needs_a_time:
            continue
        left = (1 - share) * life - off
        if share >= 0.5 and left > max(0.1 * life, 300.0) and off <= 7_860:
            assert offered(plain), f"{name}: it is not offered"
            assert isinstance(make_plan(at, LINK), Plan), f"{name}: it is refused"


def test_check_leads_to_what_the_page_prints() -> None:
    """Where `rollback` without a time refuses what the page offers, `check` asks for a time, and then prints it."""
    hands = Hands()
    for name, _, _, off, plain, at in looks():
        plan = make_plan(at, LINK)
        found = next((each for each in at.findings if each.path == LINK), None)
        if isinstance(plan, Plan) and found is not None:
            commands = [command for todo in todos(found, at, hands) for command in todo.commands]
            assert any("rollback --apply" in each for each in commands), f"{name}: {commands}"
        weak = plain.belief.sureness.value in {"likely", "alone"}
        seen = next((each for each in plain.findings if each.path == LINK), None)
        if off == 0 and weak and seen is not None and offered(plain) and not isinstance(make_plan(plain, LINK), Plan):
            commands = [command for todo in todos(seen, plain, hands) for command in todo.commands]
            assert "--at=TIME" in commands[0], f"{name}: {commands}"


def test_one_of_several_files_is_named() -> None:
    """Of two files one is named: a page prints a rollback only where one of them is taken, else a `check` that leads.

    Where the named one is not valid by Prometheus' clock, or none is good by the host's, `check --at` shows the other.
    """
    count: Counter[str] = Counter()
    every = product(LIVES, combinations(SHARES, 2), (*OFFS, -7_860.0, -26 * HOUR, -TRUE), JUDGES, (True, False, None))
    for life, (one, other), off, judge, synchronized in islice(every, 0, None, 7):
        name = f"life {life / HOUR:g} h, {one:g} and {other:g} over, {off:g} s off, {judge}, {synchronized=}"
        (state,), (more,) = snapshot(life, one).paths, snapshot(life, other).paths
        second = replace(more.candidates[0], path="/var/lib/kubelet/pki/kubelet-client-other.pem")
        disk = Snapshot(paths=(replace(state, candidates=(*state.candidates, second)),))
        now = reading(off, judge, synchronized=synchronized)
        given = given_reading(TRUE, now)
        at = Look(snapshot=disk, reading=given, findings=evaluate(disk, given), assumed=True, wall=now.host_time)
        plan = make_plan(at, LINK)
        page = what_a_page_does(disk, now)
        if page == "rollback":
            assert isinstance(plan, Plan), f"{name}: it is printed and refused: {plan.why}"
        elif isinstance(plan, Plan):
            commands = [
                line
                for found in at.findings
                if found.path == LINK
                for todo in todos(found, at, Hands())
                for line in todo.commands
            ]
            assert any("rollback --apply" in line for line in commands), f"{name}: {commands}"
        count[f"{page}, {'done' if isinstance(plan, Plan) else 'refused'}"] += 1
    assert set(count) == {"rollback, done", "refused, done", "refused, refused", "none, done", "none, refused"}


def what_a_page_does(disk: Snapshot, now: Reading) -> str:
    """Return what the pages print whose clock says TRUE (`kubepki.rules.series.FALLBACK`), by a scrape at *now*."""
    said = {
        sample.name: sample.value
        for family in link_families(disk, now, believe(disk, now))
        for sample in family.library().samples
    }
    if not said["kubepki_fallback_certificates"]:
        return "none"
    begins, ends = (said[f"kubepki_fallback_not_{end}_timestamp_seconds"] for end in ("before", "after"))
    return "rollback" if begins <= TRUE - 300 and ends >= TRUE + 300 else "refused"


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_page_about_a_path_offers_what_is_done(scenario: Scenario, tmp_path: Path) -> None:
    """Whatever is wrong with a link, a page offers a rollback exactly where one is made, or the restart it takes."""
    seen = look_at(scenario, tmp_path)
    for state in seen.snapshot.paths:
        reasons = {str(fault.reason) for fault in state.faults}
        usable = usable_fallbacks(state, seen.repair.for_who_has_a_time)
        if not (reasons and usable and state.path.endswith("-current.pem")):
            continue
        offered = bool(reasons & set(ROLLBACK_REPAIRS.split("|"))) and not reasons & set(ROLLBACK_REFUSES.split("|"))
        plan = make_plan(seen, state.path)
        done = isinstance(plan, Plan) or plan.rotating
        certificate = any(
            finding.path == state.path and finding.code is not Code.PATH_BROKEN and isinstance(plan, Plan)
            for finding in seen.findings
        )
        assert offered is done or certificate, (state.path, reasons, plan)


def test_an_order_by_margin_is_one_for_all() -> None:
    """The file that the metrics name is the one that `rollback` takes."""
    times = RepairTimes(times=(("the given time", TRUE),), margin=300.0, kubelet=TRUE, given=True)
    for life, other in product(LIVES, LIVES):
        (state,) = snapshot(life, 0.75).paths
        (more,) = snapshot(other, 0.6).paths
        both = replace(state, candidates=(*state.candidates, replace(more.candidates[0], path="/other.pem")))
        assert usable_fallbacks(both, times)[0] == usable_fallbacks(both, times.for_who_has_a_time)[0]
