"""(Look, what was asked) -> which link to point back at which file, or why not. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from kubepki.commands.diagnosis import Look
from kubepki.commands.prospect import only_the_judge_objects
from kubepki.judgement.belief import Sureness
from kubepki.judgement.evaluate import Code, Finding
from kubepki.judgement.fallbacks import RepairTimes, fallback_objections, usable_fallbacks
from kubepki.judgement.phrases import label_name
from kubepki.judgement.rotation import EARLIEST, life_over
from kubepki.judgement.witnesses import TOLERANCE_SECONDS
from kubepki.model import Candidate, Certificate, PathState, Reason, Severity
from kubepki.pki import layout

CLIENT_LINK = "kubelet-client-current.pem"
# What another file repairs. An expiring certificate still works; one that only the host finds future-dated, too.
_REPAIRABLE = frozenset({Code.CERTIFICATE_FUTURE_DATED, Code.CERTIFICATE_NOT_YET_VALID, Code.CERTIFICATE_EXPIRED})
_OF_ONE_CLOCK = frozenset({Code.TIME_UNKNOWN, Code.HOST_CLOCK_BEHIND})
_FROM_THE_FUTURE = frozenset({Code.CERTIFICATE_FUTURE_DATED, Code.CERTIFICATE_NOT_YET_VALID})

PassedOver = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Point `link` at `target`; `old_target` is where it leads now, None where it leads nowhere.

    `findings` are what is wrong with the link, `leaf` the certificate it will present, `passed_over` the other files
    with the reasons against each. `proof` is who is known to have issued the target, empty where nothing proves it.
    `life_over` is the share of the leaf's life that is over by the host's own clock, `host_is_right` that this clock is
    the believed one.
    """

    link: str
    old_target: str | None
    target: str
    leaf: Certificate
    findings: tuple[Finding, ...]
    passed_over: tuple[PassedOver, ...]
    proof: str
    life_over: float
    host_is_right: bool = False

    @property
    def from_the_future(self) -> bool:
        """Whether a signer with a clock ahead made the file that the link leads to now."""
        return any(finding.code in _FROM_THE_FUTURE for finding in self.findings)

    @property
    def needs_order(self) -> bool:
        """Whether the kubelet may ask a signer that is still ahead for a new certificate as soon as it starts."""
        return self.from_the_future and self.life_over >= EARLIEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why nothing is done.

    `settled` means that the link already is as it was asked for, `rotating` that a rotation of the kubelet is not
    finished, `current_is_good` that every clock that was asked says so, `needs_a_time` that a time from outside helps.
    `good_later` is the file against which nothing stands but a wrong clock, of the API server or of this host.
    """

    why: str
    link: str | None = None
    passed_over: tuple[PassedOver, ...] = ()
    settled: bool = False
    rotating: bool = False
    current_is_good: bool = False
    needs_a_time: bool = False
    good_later: str | None = None


def choose_link(look: Look, directory: str | None) -> str | Refusal:
    """Return the path of the link to repair among those of *directory* (None: of all sources).

    It is the only one that needs repair, else the kubelet's client link.
    """
    links = [
        state.path
        for state in look.snapshot.paths
        if layout.current_prefix(label_name(state.path)) is not None
        and (directory is None or state.path.rpartition("/")[0] == directory.rstrip("/"))
    ]
    ailing = [path for path in links if _complaints(path, look)]
    clients = [path for path in ailing or links if label_name(path) == CLIENT_LINK]
    for chosen in (ailing, clients, links):
        if len(chosen) == 1:
            return chosen[0]
    if not links:
        where = directory or ", ".join(look.snapshot.directories) or "the configured directories"
        return Refusal(why=f"there is no -current.pem link in {where}; only those are repaired")
    return Refusal(why=f"there is more than one link; name one of {', '.join(ailing or links)}")


def make_plan(look: Look, link: str, to: str | None = None) -> Plan | Refusal:
    """Return how to repair *link*, by the file *to* where one is named, or why that is not done."""
    state = next((each for each in look.snapshot.paths if each.path == link), None)
    if state is None:
        return Refusal(why="there is no such link", link=link)
    wanted = None if to is None else _beside(link, to)
    complaints = _complaints(link, look)
    repair = look.repair
    judged = {each.path: fallback_objections(each, repair) for each in state.candidates}
    over = tuple(sorted((path, why) for path, why in judged.items() if why))
    why = None
    taken_up = file_taken_up(state, look)
    rotating = taken_up is not None and not judged[taken_up.path]
    if rotating and taken_up is not None:
        name = label_name(taken_up.path)
        why = f"a rotation was interrupted: at its next start the kubelet takes up {name}, which passes every check"
    elif any(fault.reason is Reason.NOT_SYMLINK for fault in state.faults):
        why = "it is a file and no link, and its content would be lost; move it to a dated name first"
    elif not complaints and repair.refusal is not None and _depends_on_the_time(link, look):
        why = repair.refusal
    elif not complaints:
        settled = wanted is not None and state.link is not None and _same(state.link.target, wanted)
        about = [finding for finding in look.findings if finding.path == link]
        good = not any(each.severity is Severity.CRITICAL or each.code is Code.HOST_CLOCK_BEHIND for each in about)
        good = good and bool(state.certificates)
        return Refusal(why=_fine(state, look), link=link, settled=settled, current_is_good=good)
    else:
        why = repair.refusal
    if why is not None:
        asks = why is repair.refusal
        return Refusal(why=why, link=link, passed_over=over, rotating=rotating, needs_a_time=asks)
    usable = [each for each in usable_fallbacks(state, repair) if not judged[each.path]]
    if wanted is not None:
        usable = [each for each in usable if each.path == wanted]
        if not usable:
            reasons = judged.get(wanted, ("it is no superseded file of this link",))
            refused = f"{label_name(wanted)} cannot be used: {'; '.join(reasons)}"
            return Refusal(why=refused, link=link, good_later=_good_later(state, repair, wanted))
    if not usable or usable[0].leaf is None:
        return _no_file(state, look, complaints, over)
    return Plan(
        link=link,
        old_target=state.link.target if state.link else None,
        target=usable[0].path,
        leaf=usable[0].leaf,
        findings=complaints,
        passed_over=over,
        proof=usable[0].proof,
        life_over=life_over(usable[0].leaf, look.kubelet_time),
        host_is_right=look.belief.sureness is Sureness.SURE and abs(look.kubelet_time - look.now) <= TOLERANCE_SECONDS,
    )


def _no_file(state: PathState, look: Look, complaints: tuple[Finding, ...], over: tuple[PassedOver, ...]) -> Refusal:
    none = "no superseded file passes every check"
    if all(only_the_judge_objects(each, look) for each in complaints):
        right = "nothing but the API server's clock, which is wrong, is against the current one: correct that clock"
        return Refusal(why=f"{none}, and {right}", link=state.path, passed_over=over)
    return Refusal(
        why=none,
        link=state.path,
        passed_over=over,
        needs_a_time=look.belief.sureness is not Sureness.SURE and bool(state.candidates),
        good_later=_good_later(state, look.repair),
    )


def _good_later(state: PathState, repair: RepairTimes, wanted: str | None = None) -> str | None:
    """Return the file that is to be used as soon as the clocks are right, None where there is none."""
    usable = usable_fallbacks(state, repair.with_right_clocks)
    return next((each.path for each in usable if wanted in {None, each.path}), None)


def file_taken_up(state: PathState, look: Look) -> Candidate | None:
    """Return the file that a kubelet takes up when it starts, for a rotation was interrupted and the link is gone.

    Beside a current link that leads to a file, a left `-updated.pem` means nothing.
    """
    updated = state.path.removesuffix(layout.CURRENT) + layout.UPDATED
    left = next((each for each in look.snapshot.paths if each.path == updated), None)
    if state.link is not None or left is None or left.link is None:
        return None
    name = label_name(left.link.target)
    return next((each for each in state.candidates if label_name(each.path) == name), None)


def _complaints(path: str, look: Look) -> tuple[Finding, ...]:
    return tuple(_repairable(finding for finding in look.findings if finding.path == path))


def _repairable(findings: Iterable[Finding]) -> Iterable[Finding]:
    for finding in findings:
        broken = finding.code is Code.PATH_BROKEN and finding.severity is Severity.CRITICAL
        if finding.code in _REPAIRABLE or broken:
            yield finding


def _beside(link: str, to: str) -> str:
    return to if to.startswith("/") else f"{link.rpartition('/')[0]}/{to}"


def _same(target: str, wanted: str) -> bool:
    return target == wanted or label_name(target) == label_name(wanted)


def _depends_on_the_time(link: str, look: Look) -> bool:
    """Return whether a clock that may be right or wrong is against the certificate of *link*."""
    return any(each.path == link and each.code in _OF_ONE_CLOCK for each in look.findings)


def _fine(state: PathState, look: Look) -> str:
    about = [finding for finding in look.findings if finding.path == state.path]
    if any(finding.code is Code.HOST_CLOCK_BEHIND for finding in about):
        return "nothing but this host's clock, which is wrong, is against the certificate: correct that clock instead"
    if any(fault.reason is Reason.BOOTSTRAPPING for fault in state.faults):
        return "there is nothing to go back to: the kubelet waits for its first certificate"
    return "the current certificate needs no rollback: " + (about[0].message if about else "it is valid")
