"""A plan or a refusal -> what a person reads. Pure."""

from kubepki.commands.diagnosis import Look
from kubepki.commands.outcome import Hands
from kubepki.commands.plan import PassedOver, Plan, Refusal
from kubepki.commands.terminal import Style, clean, wrapped
from kubepki.commands.verdict import describe
from kubepki.judgement.phrases import label_name, moment

_MOST_PASSED_OVER = 10
RESTART = ("systemctl", "restart", "kubelet")


def plan_text(plan: Plan, look: Look, style: Style) -> str:
    """Return the plan: what is wrong, what will be done, and why each other file was passed over."""
    name = label_name(plan.target)
    lines = wrapped(f"Plan: point {label_name(plan.link)} back at {name}.", style, rest="  ")
    lines += ["", *_labelled("Link", plan.link, style)]
    lines += _labelled("Now", plan.old_target or "it leads to no file", style)
    for finding in plan.findings:
        lines += _labelled("Wrong", describe(finding, look), style)
    lines += _labelled("Then", plan.target, style)
    lines += _labelled("Valid", f"{moment(plan.leaf.not_before)} to {moment(plan.leaf.not_after)}", style)
    proof = "a CA that the kubeconfig trusts" if plan.issuer_proved else "as before, but no kubeconfig gives its CA"
    lines += _labelled("Checks", f"its key matches, same subject, issuer {plan.leaf.issuer}: {proof}", style)
    return "\n".join([*lines, *_passed_over(plan.passed_over, style)]) + "\n"


def offer_text(plan: Plan, style: Style, hands: Hands) -> str:
    """Return the end of a plan that is only shown."""
    to = ("--to", label_name(plan.target))
    command = hands.own("rollback", "--apply", "--restart-kubelet", *to, plan.link)
    return f"\nNothing was changed. To do it:\n    {clean(command, style)}\n"


def done_text(plan: Plan, style: Style, hands: Hands, *, restarted: bool) -> str:
    """Return what was done, and the next step."""
    lines = wrapped(f"Done: {label_name(plan.link)} now leads to {label_name(plan.target)}.", style, rest="  ")
    if restarted:
        lines.append("The kubelet was restarted.")
    else:
        lines += ["Next, let the kubelet load it:", f"    {hands.command(*RESTART)}"]
    return "\n" + "\n".join(lines) + "\n"


def refusal_text(refusal: Refusal, style: Style) -> str:
    """Return why nothing was done."""
    why = f"{label_name(refusal.link)}: {refusal.why}" if refusal.link else refusal.why[0].upper() + refusal.why[1:]
    lines = wrapped(f"Nothing was changed. {why}.", style, rest="  ")
    return "\n".join([*lines, *_passed_over(refusal.passed_over, style)]) + "\n"


def _labelled(label: str, text: str, style: Style) -> list[str]:
    return wrapped(text, style, first=f"  {label:<8}")


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
