"""A finding -> what will happen and when, and what to do about it on this host. Pure."""

from dataclasses import dataclass, replace

from kubepki.commands.diagnosis import Look
from kubepki.commands.hands import Hands
from kubepki.commands.plan import Plan, Refusal, file_taken_up, make_plan
from kubepki.commands.prospect import clocks_first, only_the_judge_objects, or_wait
from kubepki.commands.remedies import COMPARE_CLOCKS, looks_at_clocks, remedies, requests, user_of
from kubepki.judgement.advice import advise, advise_fault
from kubepki.judgement.comparisons import JUDGE
from kubepki.judgement.evaluate import Code, Finding
from kubepki.judgement.fallbacks import fallback_objections
from kubepki.judgement.kinds import Kind, kind_of
from kubepki.judgement.phrases import duration, label_name, moment
from kubepki.model import PathState, Reason, Severity
from kubepki.pki import layout

# What takes the place of the packages' list of what the unit shows; `unit-paths` writes it.
DROP_IN = "/etc/systemd/system/kubepki-exporter.service.d/paths.conf"
OUTSIDE = "that of the notification, of Prometheus, of a phone"
# What is judged by the believed time.
_OF_TIME = frozenset(
    {
        Code.CERTIFICATE_FUTURE_DATED,
        Code.CERTIFICATE_NOT_YET_VALID,
        Code.CERTIFICATE_EXPIRED,
        Code.CERTIFICATE_EXPIRING,
        Code.HOST_CLOCK_BEHIND,
        Code.HOST_CLOCK_SKEWED,
        Code.TIME_UNKNOWN,
    }
)
# What `commands` says where it applies.
_COMMANDS_IN_WORDS = (" (kubepki-exporter rollback)", " (kubepki-exporter check)", ": kubectl get csr")


@dataclass(frozen=True, slots=True, kw_only=True)
class Todo:
    """One thing to do: a sentence, and the commands of this host that do it."""

    text: str
    commands: tuple[str, ...] = ()


def state_of(finding: Finding, look: Look) -> PathState | None:
    """Return the state of the path that *finding* is about."""
    return next((state for state in look.snapshot.paths if state.path == finding.path), None)


def todos(finding: Finding, look: Look, hands: Hands) -> tuple[Todo, ...]:
    """Return what to do about *finding*, the best way first."""
    state = state_of(finding, look)
    by_link = state is not None and layout.current_prefix(label_name(state.path)) is not None
    helps = finding.severity is Severity.CRITICAL and finding.code is not Code.CERTIFICATE_EXPIRING
    settle = (settle_the_time(look, hands),) if look.belief.needs_a_time and finding.code in _OF_TIME else ()
    if state is None or not by_link or not helps:
        return settle if finding.code is Code.TIME_UNKNOWN else (*settle, _simple(finding, look, hands))
    back: tuple[Todo, ...]
    plan = make_plan(look, state.path)
    if isinstance(plan, Refusal) and plan.needs_a_time:
        return (settle_the_time(look, hands),)
    if isinstance(plan, Refusal):
        why = Todo(text=f"There is no rollback: {plan.why}.", commands=(hands.own("rollback", operands=(state.path,)),))
        if only_the_judge_objects(finding, look):
            back = (_correct_the_judge(finding, look, last=True),)
        elif plan.good_later is not None:
            first = Todo(text=clocks_first(plan.good_later, look), commands=why.commands)
            back = (first,)
        else:
            back = (why, take_up_the_link(hands) if plan.rotating else _without_rollback(finding, look, hands))
    else:
        judge_alone = (_correct_the_judge(finding, look),) if only_the_judge_objects(finding, look) else ()
        back = (*judge_alone, *way_back(plan, hands))
    if not (isinstance(plan, Refusal) and plan.rotating) and (warned := _what_a_start_takes_up(state, look)):
        back = (warned, *back)
    waits = finding.code is Code.CERTIFICATE_NOT_YET_VALID and not only_the_judge_objects(finding, look)
    if finding.at is None or not waits or isinstance(plan, Refusal):
        return back
    return (*back, Todo(text=or_wait(finding, finding.at, look)))


def _what_a_start_takes_up(state: PathState, look: Look) -> Todo | None:
    """Return the warning that a restart alone makes use of a file that must not be used."""
    file = file_taken_up(state, look)
    if file is None:
        return None
    why = "; ".join(fallback_objections(file, look.repair))
    text = f"Do not restart the kubelet before: it would take up {label_name(file.path)}, which is no good: {why}."
    return Todo(text=text)


def settle_the_time(look: Look, hands: Hands) -> Todo:
    """Return the first step where no clock that was read can be relied on."""
    text = f"First settle what time it is: {look.belief.why}. Ask again with a time from outside, {OUTSIDE}:"
    return Todo(text=text, commands=(hands.own("check", "--at=TIME", operands=hands.paths),))


def _correct_the_judge(finding: Finding, look: Look, *, last: bool = False) -> Todo:
    off = look.belief.wrong(JUDGE) or 0.0
    is_wrong = f"which is {duration(off)} {'ahead' if off > 0 else 'behind'}"
    accepts = f"{label_name(finding.path or '')} is valid, and accepted as soon as it is right"
    return Todo(text=f"Correct the API server's clock, {is_wrong}: {accepts}.{'' if last else ' Until then:'}")


def way_back(plan: Plan, hands: Hands, to: tuple[str, ...] = ()) -> tuple[Todo, ...]:
    """Return the steps of a rollback in the order that holds, each with the commands of this host."""
    name, until = label_name(plan.target), moment(plan.leaf.not_after)
    stopped = plan.needs_order and hands.host.one_process
    restarts = " and restarts the kubelet" if hands.host.restart else "; then restart the kubelet as this host does it"
    if stopped:
        restarts = "; the kubelet is started with the signer"
    back = Todo(
        text=f"Roll back: {name} is valid until {until} and passes every check. This points the link at it{restarts}:",
        commands=(hands.roll_back(plan.link, *to, keeps_stopped=stopped),),
    )
    correct = Todo(text=correct_clocks(plan))
    if not plan.needs_order:
        return (back, correct) if plan.from_the_future else (back,)
    return stop_signing(hands), back, correct, start_signing(hands)


def correct_clocks(plan: Plan) -> str:
    """Return the step between the rollback and the next signature."""
    here = "" if plan.host_is_right else ", and this host's"
    return f"Then correct the clocks that are wrong: the control plane's, the signer's above all{here}."


def stop_signing(hands: Hands) -> Todo:
    """Return the step before a rollback to a file that the kubelet asks to renew as soon as it starts."""
    why = "the kubelet may ask for a new certificate when it starts, and a clock ahead signs from the future again"
    commands = hands.known(hands.host.stop_signing)
    if hands.host.signer_here:
        return Todo(text=f"Stop the signer first, on each host of the control plane: {why}.", commands=commands)
    if commands:
        return Todo(text=f"Stop rotation on this host first: {why}.", commands=commands)
    text = f"Stop the signer first (kube-controller-manager, on each host of the control plane): {why}."
    if hands.host.unit == "k0sworker":
        return Todo(text=f"{text} k0s runs it in k0scontroller: `systemctl stop k0scontroller` on each controller.")
    return Todo(text=text)


def start_signing(hands: Hands) -> Todo:
    """Return the step after the clocks are right."""
    commands = hands.known(hands.host.start_signing)
    if commands and not hands.host.signer_here:
        commands += hands.known(hands.host.restart)
        return Todo(text="Last, switch rotation on again; the kubelet gets a good certificate.", commands=commands)
    text = "Last, start the signer again; the request that waits gets a good certificate."
    return Todo(text=text, commands=commands)


def open_the_view(hands: Hands, flags: tuple[str, ...] | None) -> Todo:
    """Return how the unit of a service with *flags* is opened for what its settings name; None takes our own."""
    program = replace(hands, flags=hands.flags if flags is None else flags)
    folder, _, _ = DROP_IN.rpartition("/")
    return Todo(
        text="Let its unit show it what its settings name (docs/security.md):",
        commands=(
            hands.command("mkdir", "-p", folder),
            f"{program.own('unit-paths')} > {DROP_IN}",
            hands.command("systemctl", "daemon-reload"),
            hands.command("systemctl", "restart", "kubepki-exporter"),
        ),
    )


def take_up_the_link(hands: Hands) -> Todo:
    """Return the step that ends an interrupted rotation whose file is good."""
    text = "Restart the kubelet: at its start it takes up the link that an interrupted rotation left."
    return Todo(text=text, commands=hands.known(hands.host.restart))


def _finish(updated: PathState | None, hands: Hands) -> Todo:
    if updated is not None and updated.link is None:
        return Todo(text="Nothing has to be done about it.")
    return take_up_the_link(hands)


def _without_rollback(finding: Finding, look: Look, hands: Hands) -> Todo:
    """Return what is left where no older file passes: never the rollback that was just refused."""
    again = "bootstrap the node anew with a signer whose clock is right"
    if finding.code is Code.CERTIFICATE_NOT_YET_VALID and finding.at is not None:
        return Todo(text=f"Wait until {moment(finding.at)}, or {again}.")
    if finding.code is Code.CERTIFICATE_FUTURE_DATED and finding.at is not None:
        text = f"Before the clocks are corrected, {again}. Otherwise it is rejected until {moment(finding.at)}."
        return Todo(text=text)
    if finding.reason is not None and "rollback" in advise_fault(finding.reason, finding.path):
        look_at_it = hands.command("ls", "-l", operands=(finding.path or "",))
        return Todo(text="Restore the file from a backup, or bootstrap the node anew.", commands=(look_at_it,))
    return _simple(finding, look, hands)


def _simple(finding: Finding, look: Look, hands: Hands) -> Todo:
    if finding.reason is Reason.INTERRUPTED_ROTATION:
        return _finish(state_of(finding, look), hands)
    state = state_of(finding, look)
    advice = advise(finding, state)
    text = advice[0].upper() + advice[1:]
    if not text.endswith("."):
        text += "."
    for named in _COMMANDS_IN_WORDS:
        text = text.replace(named, "")
    if looks_at_clocks(finding):
        return Todo(text=text, commands=(COMPARE_CLOCKS,))
    commands = hands.known(*remedies(finding, state, hands.host, _current_link(finding, state, look)))
    if requests(hands.host)[1] in remedies(finding, state, hands.host):
        text += " NAME is that of this node's request; kubectl must work as an administrator."
    if finding.path and finding.code is Code.PATH_BROKEN and not commands:
        commands = (hands.command("ls", "-l", operands=(finding.path,)),)
    return Todo(text=text, commands=commands)


def _current_link(finding: Finding, state: PathState | None, look: Look) -> str | None:
    """Return the link whose certificate has the subject of the one that *finding* is about."""
    certificates = state.certificates if state is not None else ()
    entry = user_of(finding, state)
    subject = next((each.subject for each in certificates if each.entry == entry), None)
    links = (each for each in look.snapshot.paths if kind_of(each.path) is Kind.CLIENT_LINK and each.certificates)
    return next((each.path for each in links if each.certificates[0].subject == subject), None)
