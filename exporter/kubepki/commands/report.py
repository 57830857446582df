"""A look -> the diagnosis that a person reads: verdict, evidence, what to do, all certificates. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from kubepki.commands.diagnosis import Look
from kubepki.commands.evidence import clock_evidence, path_evidence
from kubepki.commands.hands import Hands
from kubepki.commands.outcome import Todo, open_the_view, state_of, todos
from kubepki.commands.prospect import prospect
from kubepki.commands.terminal import Style, clean, columns, wrapped
from kubepki.commands.verdict import Status, describe, sentence, status, unread
from kubepki.judgement.belief import Belief
from kubepki.judgement.evaluate import Finding
from kubepki.judgement.phrases import label_name
from kubepki.model import Certificate, PathState, Severity, Standing

_LABEL = 13
_MOST_OTHERS = 10
_NARROW = 96


def report(look: Look, style: Style, hands: Hands) -> str:
    """Return the whole diagnosis, with a line end."""
    verdict = status(look)
    colours = {Status.CRITICAL: Severity.CRITICAL, Status.WARNING: Severity.WARNING, Status.COULD_NOT_LOOK: None}
    word = verdict.name.replace("_", " ")
    severity = Severity.WARNING if verdict is Status.COULD_NOT_LOOK else colours.get(verdict)
    first, *rest = wrapped(f"{word}: {sentence(look)}", style, rest="  ")
    lines = [first.replace(word, style.paint(word, severity), 1), *rest]
    for title, section in _sections(look, style, hands):
        lines += ["", style.bold(title), *section]
    return "\n".join(lines) + "\n"


def _sections(look: Look, style: Style, hands: Hands) -> Iterator[tuple[str, list[str]]]:
    worst = look.findings[0] if look.findings else None
    state = state_of(worst, look) if worst else None
    certificate = _judged(state, worst)
    evidence = list(path_evidence(state, look, worst.entry if worst else None)) if state else []
    evidence += clock_evidence(look, certificate)
    if look.snapshot.distributions:
        evidence.append(("Looks like", ", ".join(look.snapshot.distributions)))
    title = "Evidence" if worst else "Clocks"
    yield title, [line for label, text in evidence for line in _labelled(label, text, style)]
    if worst is not None:
        future = prospect(worst, look)
        if future is not None:
            yield "What will happen", wrapped(future, style, first="  ")
        yield "What to do", [line for todo in todos(worst, look, hands) for line in _todo(todo, style)]
    if others := list(_others(look, style)):
        yield "Also found", others
    if hidden := unread(look):
        text = f"{len(hidden)} path{'s' if len(hidden) > 1 else ''}, of which nothing is known"
        text += ". Run this as root to see all:" if not hands.root else ":"
        yield "Could not be read", [*wrapped(text, style, first="  "), *_paths(hidden, style)]
    if look.snapshot.left_out:
        yield "Left out, as --pki.ignore says", _paths(look.snapshot.left_out, style)
    if service := list(_service(look, style, hands)):
        yield "The running service", service
    if stores := list(trust_stores(look, style)):
        yield "Trust stores: CAs that nothing here names; not judged", stores
    if table := list(_table(look, style)):
        yield "Certificates (times in UTC)", table


def _service(look: Look, style: Style, hands: Hands) -> Iterator[str]:
    """Yield what the running service does not see, and how its unit is opened."""
    service = look.service
    if service is None:
        return
    where = f"The service that listens at {service.address}"
    if service.problem:
        asked = f"{where} could not be asked what it sees: " if service.address else "It could not be asked: "
        yield from wrapped(f"{asked}{service.problem}.", style, first="  ")
    for unseen, text in (
        (service.hidden, f"{where} cannot see this, so nobody is told when it breaks:"),
        (service.unnamed, f"{where} does not watch this; its settings do not name it:"),
    ):
        if unseen:
            yield from wrapped(text, style, first="  ")
            yield from (f"    {clean(f'{each.path}: {each.why}' if each.why else each.path, style)}" for each in unseen)
    if service.hidden:
        yield from _todo(open_the_view(hands, service.flags), style)


def _judged(state: PathState | None, finding: Finding | None) -> Certificate | None:
    if state is None or finding is None or not state.certificates:
        return None
    return next((each for each in state.certificates if each.entry == finding.entry), state.certificates[0])


def _labelled(label: str, text: str, style: Style) -> list[str]:
    return wrapped(text, style, first=f"  {label:<{max(_LABEL, len(label) + 2)}}")


def _todo(todo: Todo, style: Style) -> list[str]:
    # A command is never wrapped: it is there to be copied.
    return [*wrapped(todo.text, style, first="  "), *(f"    {clean(command, style)}" for command in todo.commands)]


def _others(look: Look, style: Style) -> Iterator[str]:
    others = look.findings[1:]
    for finding in others[:_MOST_OTHERS]:
        yield from wrapped(describe(finding, look), style, first=f"  {finding.severity.upper():<10}")
    if len(others) > _MOST_OTHERS:
        yield f"  and {len(others) - _MOST_OTHERS} more; --json lists all"


def _paths(paths: Iterable[str], style: Style) -> list[str]:
    shown = [f"    {clean(path, style)}" for path in paths]
    return shown if len(shown) <= _MOST_OTHERS else [*shown[:_MOST_OTHERS], f"    and {len(shown) - _MOST_OTHERS} more"]


def _table(look: Look, style: Style) -> Iterator[str]:
    """Yield the rows, grouped by directory, so that a row fits a terminal."""
    by_directory: dict[str, list[PathState]] = defaultdict(list)
    for state in look.snapshot.paths:
        if state.standing is Standing.TRUST_STORE:
            continue
        by_directory[state.path.rpartition("/")[0] or "/"].append(state)
    for directory, states in by_directory.items():
        states.sort(key=lambda state: state.standing is Standing.SUPERSEDED)
        rows = [row for state in states for row in _rows(state, look)]
        if rows:
            yield f"  {clean(directory, style)}"
        kept = rows if style.width >= _NARROW else [(row[0], row[2], row[3], row[4]) for row in rows]
        yield from columns(kept, style, indent="    ")


def trust_stores(look: Look, style: Style) -> Iterator[str]:
    """Yield one line for each file with CAs that are not this cluster's: how many, and how many of them have ended."""
    now = look.reading.host_time
    stores = [(state, [each for each in state.certificates if each.foreign]) for state in look.snapshot.paths]
    for state, foreign in ((state, foreign) for state, foreign in stores if foreign):
        ended = sum(each.not_after < now for each in foreign)
        word = f"{len(foreign)} CA{'s' if len(foreign) > 1 else ''}" + (f", {ended} of them expired" if ended else "")
        directory = label_name(state.path.rpartition("/")[0])
        yield from wrapped(f"{directory}/{label_name(state.path)}: {word}", style, first="  ")


def _rows(state: PathState, look: Look) -> Iterator[tuple[str, str, str, str, str]]:
    name = label_name(state.path)
    broken = str(state.faults[0].reason) if state.faults else ""
    if not state.certificates and broken:
        yield broken, "-", "-", "-", name
    for each in state.certificates:
        entry = "" if each.entry == "0" else f" [{each.entry}]"
        word = broken or _validity(each, look.belief)
        if each.foreign:
            continue
        if state.standing is Standing.SUPERSEDED or each.superseded:
            word = f"old, {word}"
        yield word, str(each.usage), _short(each.not_before), _short(each.not_after), name + entry


def _validity(certificate: Certificate, belief: Belief) -> str:
    """Return what *certificate* is at each time that it can be now, `not known` where these differ."""
    if belief.earliest is not None and certificate.not_after <= belief.earliest:
        return "expired"
    if belief.possible is None:
        return "not known"
    words = {_validity_at(certificate, now) for now in belief.possible}
    return words.pop() if len(words) == 1 else "not known"


def _validity_at(certificate: Certificate, now: float) -> str:
    if certificate.not_before > now:
        return "future"
    return "expired" if certificate.not_after <= now else "valid"


def _short(timestamp: float) -> str:
    try:
        return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M")
    except (OverflowError, ValueError, OSError):
        return f"@{timestamp:.0f}"
