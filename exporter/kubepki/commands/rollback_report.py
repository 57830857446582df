"""A plan or a refusal -> what a person reads. Pure."""

from dataclasses import replace

from kubepki.commands.aftermath import Aftermath, Outcome
from kubepki.commands.diagnosis import Look
from kubepki.commands.evidence import clock_evidence, own_clock
from kubepki.commands.hands import Hands
from kubepki.commands.outcome import (
    OUTSIDE,
    Todo,
    correct_clocks,
    start_signing,
    stop_signing,
    take_up_the_link,
    way_back,
)
from kubepki.commands.plan import PassedOver, Plan, Refusal
from kubepki.commands.prospect import clocks_first
from kubepki.commands.terminal import Style, clean, wrapped
from kubepki.commands.verdict import describe
from kubepki.judgement.comparisons import JUDGE
from kubepki.judgement.phrases import duration, label_name, moment
from kubepki.judgement.rotation import EARLIEST, LATEST, earliest_request
from kubepki.judgement.witnesses import TOLERANCE_SECONDS
from kubepki.model import Usage

_MOST_PASSED_OVER = 10


def plan_text(plan: Plan, look: Look, style: Style) -> str:
    """Return the plan: what is wrong, what will be done, and why each other file was passed over."""
    name = label_name(plan.target)
    lines = wrapped(f"Plan: point {label_name(plan.link)} back at {name}.", style, rest="  ")
    lines += ["", *_labelled("Link", plan.link, style)]
    lines += _labelled("Now", plan.old_target or "it leads to no file", style)
    lines += _labelled("Judged", _judged_by(look), style)
    if look.assumed and (own := own_clock(look)):
        lines += _labelled("Host", f"its own clock says {own}", style)
    if look.assumed and (judge := _judge_of(plan, look)):
        lines += _labelled("Accepted", judge, style)
    for finding in plan.findings:
        lines += _labelled("Wrong", describe(finding, look), style)
    lines += _labelled("Then", plan.target, style)
    lines += _labelled("Valid", f"{moment(plan.leaf.not_before)} to {moment(plan.leaf.not_after)}", style)
    lines += _labelled("Life", _life(plan), style)
    proof = plan.proof or "as before, but no kubeconfig gives its CA"
    lines += _labelled("Checks", f"its key matches, same subject, issuer {plan.leaf.issuer}", style)
    lines += _labelled("Proof", f"it was issued by {proof}" if plan.proof else f"the issuer is {proof}", style)
    return "\n".join([*lines, *_passed_over(plan.passed_over, style)]) + "\n"


def offer_text(plan: Plan, style: Style, hands: Hands) -> str:
    """Return the end of a plan that is only shown."""
    steps = way_back(plan, hands, (f"--to={label_name(plan.target)}",))
    if len(steps) == 1:
        return f"\nNothing was changed. To do it:\n    {clean(steps[0].commands[0], style)}\n"
    lines = ["", "Nothing was changed. The order that holds:"]
    for number, step in enumerate(steps, 1):
        lines += wrapped(step.text, style, first=f"  {number}. ", rest="     ")
        lines += [f"       {clean(command, style)}" for command in step.commands]
    return "\n".join(lines) + "\n"


def done_text(plan: Plan, style: Style, hands: Hands, *, restarted: bool) -> str:
    """Return what was done, and the next step."""
    lines = wrapped(f"Done: {label_name(plan.link)} now leads to {label_name(plan.target)}.", style, rest="  ")
    if restarted:
        lines += wrapped("The kubelet was restarted. Watching for a minute what it does with the link.", style)
        return "\n" + "\n".join(lines) + "\n"
    if plan.needs_order:
        stop = stop_signing(hands)
        lines += wrapped(f"If that is not done yet: {stop.text[0].lower()}{stop.text[1:]}", style)
        lines += [f"    {clean(command, style)}" for command in stop.commands]
    if plan.needs_order and hands.host.one_process:
        pass
    elif commands := hands.known(hands.host.restart):
        lines += ["Next, let the kubelet load it:", *(f"    {command}" for command in commands)]
    else:
        lines.append("Next, restart the kubelet as this host does it, so that it loads the file.")
    return "\n" + "\n".join([*lines, *_afterwards(plan, style, hands)]) + "\n"


def aftermath_text(plan: Plan, became: Aftermath, style: Style, hands: Hands) -> str:
    """Return what the kubelet made of the link, and the next step."""
    now = f"it leads to {label_name(became.target)}" if became.target else "it leads to no file"
    since = f"valid from {moment(became.leaf.not_before)}" if became.leaf else "with no certificate that can be read"
    after = duration(became.seconds)
    if became.outcome is Outcome.KEPT:
        lines = wrapped(f"Kept: the link was not changed for {after}.", style, rest="  ")
        return "\n" + "\n".join([*lines, *_afterwards(plan, style, hands)]) + "\n"
    if became.outcome is Outcome.RENEWED:
        text = f"Renewed: after {after} the kubelet got a new certificate; {now}, {since}, which is good."
        return "\n" + "\n".join(wrapped(text, style, rest="  ")) + "\n"
    text = f"Undone: after {after} the kubelet had rotated again; {now}, {since}. The signer's clock is still ahead."
    lines = ["", *wrapped(text, style, rest="  "), "Do it again in the order that holds:"]
    back = hands.roll_back(plan.link, keeps_stopped=hands.host.one_process)
    again = (stop_signing(hands), Todo(text="Roll back again:", commands=(back,)))
    for number, step in enumerate((*again, Todo(text="Correct the clocks."), start_signing(hands)), 1):
        lines += wrapped(step.text, style, first=f"  {number}. ", rest="     ")
        lines += [f"       {clean(command, style)}" for command in step.commands]
    return "\n".join(lines) + "\n"


def refusal_text(refusal: Refusal, look: Look, style: Style, hands: Hands) -> str:
    """Return why nothing was done, and what to ask where no clock of this host may be right."""
    why = f"{label_name(refusal.link)}: {refusal.why}" if refusal.link else refusal.why[0].upper() + refusal.why[1:]
    lines = wrapped(f"Nothing was changed. {why}.", style, rest="  ")
    lines += _passed_over(refusal.passed_over, style)
    if refusal.rotating:
        step = take_up_the_link(hands)
        lines += ["", *wrapped(step.text, style), *(f"    {clean(command, style)}" for command in step.commands)]
    again = hands.own("rollback", "--at=TIME", operands=() if refusal.link is None else (refusal.link,))
    if refusal.needs_a_time and not look.assumed:
        lines += ["", "Asked"]
        for label, text in clock_evidence(look, None):
            lines += _labelled(label, text, style)
        text = f"Give a time from outside: {OUTSIDE}."
        lines += ["", *wrapped(text, style), f"    {clean(again, style)}"]
    if refusal.good_later is not None and refusal.link is not None:
        command = hands.own("rollback", operands=(refusal.link,))
        lines += ["", *wrapped(clocks_first(refusal.good_later, look), style), f"    {clean(command, style)}"]
    if refusal.current_is_good and not refusal.settled and not look.assumed:
        text = (
            "Every clock that was asked agrees with the certificate. If all of them are ahead, judge it by a time from "
            f"outside: {OUTSIDE}."
        )
        lines += ["", *wrapped(text, style), f"    {clean(again, style)}"]
    return "\n".join(lines) + "\n"


def given_time_text(look: Look, objection: str, style: Style, hands: Hands, link: str | None) -> str:
    """Return why nothing is done by the given time, and what to do where it is right after all."""
    given = moment(look.reading.host_time)
    lines = wrapped(f"Nothing was changed. It cannot be {given}, as --at says: {objection}.", style, rest="  ")
    text = f"Look at the day and the zone, and give a time from outside, {OUTSIDE}:"
    operands = () if link is None else (link,)
    anew = replace(hands, flags=tuple(flag for flag in hands.flags if not flag.startswith("--at=")))
    lines += ["", *wrapped(text, style), f"    {clean(anew.own('rollback', '--at=TIME', operands=operands), style)}"]
    if abs(look.kubelet_time - look.reading.host_time) > TOLERANCE_SECONDS:
        text = (
            f"This host's clock says {moment(look.kubelet_time)}. If the given time is right, that clock is wrong: "
            "stop what synchronizes it, set it, and ask again."
        )
        lines += ["", *wrapped(text, style)]
    return "\n".join(lines) + "\n"


def _afterwards(plan: Plan, style: Style, hands: Hands) -> list[str]:
    """Return what is left to do once the kubelet has loaded the file."""
    if not plan.from_the_future:
        return []
    lines = wrapped(correct_clocks(plan), style)
    if plan.needs_order:
        start = start_signing(hands)
        lines += wrapped(start.text, style)
        lines += [f"    {clean(command, style)}" for command in start.commands]
    return lines


def _life(plan: Plan) -> str:
    share = f"{max(0.0, plan.life_over):.0%} of it is over by this host's clock"
    if plan.life_over >= LATEST:
        return f"{share}: a kubelet that starts asks for a new one at once"
    if plan.life_over >= EARLIEST:
        return f"{share}: a kubelet that starts may ask for a new one at once"
    return f"{share}: a kubelet that starts keeps it, until {moment(earliest_request(plan.leaf))} at least"


def _judged_by(look: Look) -> str:
    """Return the times at which each file had to be valid."""
    repair = look.repair
    times = "; ".join(f"{moment(now)} by {whose}" for whose, now in repair.times)
    if look.assumed and look.belief.judge is None:
        return f"{moment(look.now)}, as --at says; {_unasked(look)}"
    return f"{times}; with {duration(repair.margin)} to spare on both sides"


def _unasked(look: Look) -> str:
    unread = JUDGE in look.belief.silent
    return "the API server's clock could not be read" if unread else "no other clock was asked"


def _judge_of(plan: Plan, look: Look) -> str | None:
    """Return what the API server does with the file now, by its own clock; None where it judges no such file."""
    if plan.leaf.usage is not Usage.CLIENT:
        return None
    judge, now = look.belief.judge, look.now
    if judge is None:
        return "whether the API server accepts it now is not known" if JUDGE in look.belief.silent else None
    off = f"whose clock is {duration(judge - now)} {'ahead' if judge > now else 'behind'}"
    who = "the API server" if abs(judge - now) <= TOLERANCE_SECONDS else f"the API server, {off},"
    if judge < plan.leaf.not_before:
        return f"{who} rejects it, as it does the current file, until that clock is corrected"
    return f"{who} accepts it now"


def _labelled(label: str, text: str, style: Style) -> list[str]:
    return wrapped(text, style, first=f"  {label:<{max(8, len(label) + 2)}}")


def _passed_over(passed_over: tuple[PassedOver, ...], style: Style) -> list[str]:
    if not passed_over:
        return []
    lines = ["", "Passed over"]
    newest = passed_over[::-1]
    for path, reasons in newest[:_MOST_PASSED_OVER]:
        lines += wrapped(f"{label_name(path)}: {'; '.join(reasons)}", style, first="  ", rest="    ")
    if len(newest) > _MOST_PASSED_OVER:
        lines.append(f"  and {len(newest) - _MOST_PASSED_OVER} older ones")
    return lines
