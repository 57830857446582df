"""The command `rollback`: shows how to point a link back at an older file, and does it with `--apply`."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TextIO

from kubepki import logs
from kubepki.clocks.host import HostClock
from kubepki.commands.aftermath import Outcome
from kubepki.commands.check import hands_of, style_of
from kubepki.commands.diagnosis import Look
from kubepki.commands.failsafe import failsafe
from kubepki.commands.hands import Hands
from kubepki.commands.host import Host, Words
from kubepki.commands.link_calls import SYSTEM, System
from kubepki.commands.link_watch import A_MINUTE, Pace, watch
from kubepki.commands.look import (
    known_directory,
    known_path,
    link_state,
    look,
    path_kind,
    real_directories,
    state_directory,
)
from kubepki.commands.plan import Plan, Refusal, choose_link, make_plan
from kubepki.commands.relink import RelinkError, relink, survey
from kubepki.commands.rollback_report import (
    aftermath_text,
    done_text,
    given_time_text,
    offer_text,
    plan_text,
    refusal_text,
)
from kubepki.commands.terminal import Style
from kubepki.commands.trusted_place import who_else_writes
from kubepki.commands.witness import SYSLOG, announce, note
from kubepki.config.flags import Invocation
from kubepki.judgement.comparisons import reference_times
from kubepki.model import Reason, Standing
from kubepki.pki import layout
from kubepki.settings import ConfigError, Directory, Settings
from kubepki.texts import safe_text

_DONE = 0
_NOTHING = 1
_FAILED = 3
_UNDONE = 4
_RESTART_SECONDS = 120.0
# Why a PATH of this kind cannot be looked at.
_NO_LINK = {
    "absent": "there is no such file or directory",
    "refused": "it cannot be read (Permission denied), so nobody can tell whether a rollback is needed",
}


def restart_kubelet(command: Words) -> str | None:
    """Restart the kubelet by *command*; return why that failed, None where it did not."""
    try:
        done = subprocess.run(command, check=False, timeout=_RESTART_SECONDS)  # noqa: S603 - one of our table
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None if done.returncode == 0 else f"systemctl ended with status {done.returncode}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """What `rollback` touches beside the disk that it reads, so that tests can put their own in its place."""

    clock: HostClock | None = None
    system: System = SYSTEM
    restart: Callable[[Words], str | None] = restart_kubelet
    host: Host | None = None
    pace: Pace = A_MINUTE
    syslog: str = SYSLOG
    before_change: Callable[[], None] = lambda: None


_EDGES = Edges()


def rollback(invocation: Invocation, *, out: TextIO | None = None, edges: Edges = _EDGES) -> int:
    """Show the plan on *out* (standard output), with `--apply` carry it out; return the exit status.

    Raises ConfigError for what cannot be looked at.
    """
    logs.set_up(invocation.settings.log)
    return failsafe(lambda: _rollback(invocation, out or sys.stdout, edges))


def _rollback(invocation: Invocation, stream: TextIO, edges: Edges) -> int:
    style = style_of(stream, os.environ)
    hands = hands_of(invocation, edges.host)
    if invocation.restart_kubelet and not invocation.apply:
        what = "it means nothing without --apply"
        raise ConfigError(what, where="--restart-kubelet")
    if invocation.restart_kubelet and hands.host.restart is None:
        what = "no unit that runs the kubelet was found on this host"
        raise ConfigError(what, where="--restart-kubelet", hint="leave it out and restart the kubelet yourself")
    settings, link, directory = _sources(invocation)
    seen = look(
        settings, at=invocation.at, clock=edges.clock, remembered=frozenset() if link is None else frozenset({link})
    )
    if seen.objection is not None:
        stream.write(given_time_text(seen, seen.objection, style, hands, link))
        return _NOTHING
    chosen = known_path(seen, link) if link is not None else choose_link(seen, known_directory(seen, directory))
    _refuse_the_unread(seen, None if isinstance(chosen, Refusal) else chosen, hands)
    plan = chosen if isinstance(chosen, Refusal) else make_plan(seen, chosen, invocation.to)
    if isinstance(plan, Refusal):
        stream.write(refusal_text(plan, seen, style, hands))
        return _DONE if plan.settled else _NOTHING
    stream.write(plan_text(plan, seen, style))
    if not invocation.apply:
        stream.write(offer_text(plan, style, hands))
        return _DONE
    stream.flush()
    try:
        _apply(plan, seen, settings, edges, shared=invocation.shared_directory)
    except RelinkError as error:
        tail = "" if error.changed else " Nothing was changed."
        sys.stderr.write(f"kubepki-exporter: {safe_text(str(error))}.{tail}\n")
        return _FAILED
    restart = hands.host.restart if invocation.restart_kubelet else None
    failure = edges.restart(restart) if restart is not None else None
    restarted = restart is not None and failure is None
    stream.write(done_text(plan, style, hands, restarted=restarted))
    if failure is not None:
        sys.stderr.write(
            f"kubepki-exporter: the link is replaced, but the kubelet was not restarted: {safe_text(failure)}\n"
        )
        return _FAILED
    return _watch(plan, seen, settings, edges, stream, style, hands) if restarted else _DONE


def _watch(  # noqa: PLR0913, PLR0917 - what a run holds
    plan: Plan, seen: Look, settings: Settings, edges: Edges, stream: TextIO, style: Style, hands: Hands
) -> int:
    """Tell what the kubelet makes of the link within a minute."""
    stream.flush()
    became = watch(
        plan.link,
        plan.target,
        judged_at=min((seen.reading.host_time, *reference_times(seen.reading).values())),
        state_of=lambda link: link_state(settings, link),
        pace=edges.pace,
    )
    stream.write(aftermath_text(plan, became, style, hands))
    return _UNDONE if became.outcome is Outcome.UNDONE else _DONE


def _refuse_the_unread(seen: Look, link: str | None, hands: Hands) -> None:
    """Raise ConfigError where what a plan depends on may not be read: of that nobody knows whether it needs a rollback.

    An ordinary user must be able to read all of it, root the link and its directory.
    """
    for state in seen.snapshot.paths:
        detail = next((fault.detail for fault in state.faults if fault.reason is Reason.UNREADABLE), None)
        if detail is None or state.standing is not Standing.CURRENT:
            continue
        if not hands.root or link is None or state.path in {link, link.rpartition("/")[0] or "/"}:
            what = f"it cannot be read ({detail}), so nobody can tell whether a rollback is needed"
            raise ConfigError(what, where=state.path, hint="" if hands.root else "run this as root (sudo)")


def _sources(invocation: Invocation) -> tuple[Settings, str | None, str | None]:
    """Return the settings to look with, and the link or the directory that PATH names.

    PATH adds its directory to the sources of the settings and takes none away: those give the CA that proves a
    candidate, and the clocks.
    """
    settings = invocation.settings
    if not invocation.paths:
        return settings, None, None
    path = invocation.paths[0]
    kind = path_kind(path)
    if kind == "directory":
        directory, link = path, None
    elif layout.current_prefix(path.rpartition("/")[2]) is not None:
        directory, link = path.rpartition("/")[0] or "/", path
    else:
        what = _NO_LINK.get(kind, "it is neither a directory nor a -current.pem link")
        raise ConfigError(what, where=path, hint="name a -current.pem link, or the directory of one")
    # Another way to the same directory (an alias, /proc/PID/root) is the directory that a kubeconfig names.
    configured = [each.path for each in settings.pki.directories]
    real = real_directories((directory, *configured))
    directory = next((each for each in configured if real[each] == real[directory]), real[directory])
    link = None if link is None else f"{directory.rstrip('/')}/{link.rpartition('/')[2]}"
    directories = (*settings.pki.directories, Directory(path=directory, explicit=True))
    return replace(settings, pki=replace(settings.pki, directories=directories)), link, directory


def _apply(plan: Plan, seen: Look, settings: Settings, edges: Edges, *, shared: bool) -> None:
    """Replace the link. The survey is taken first, then the plan's ground is looked at again, then it must hold."""
    try:
        planned = survey(plan.link, edges.system)
    except OSError as error:
        msg = f"the directory cannot be listed: {error.strerror}"
        raise RelinkError(msg) from error
    other = None if shared else who_else_writes(plan.link.rpartition("/")[0] or "/")
    if other is not None:
        msg = f"others could change the directory meanwhile: {other}; take that right away, or give --shared-directory"
        raise RelinkError(msg)
    before = next((state for state in seen.snapshot.paths if state.path == plan.link), None)
    if link_state(settings, plan.link) != before:
        msg = "the directory has changed since the plan was made; look again"
        raise RelinkError(msg)
    edges.before_change()
    fields = {"path": plan.link, "old_target": plan.old_target, "new_target": plan.target}
    # A signal may come before or after, but not leave a temporary link behind.
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        relink(plan.link, plan.target, planned, edges.system)
    except RelinkError as error:
        if error.changed:
            _tell(fields, seen, settings, edges)
        raise
    else:
        _tell(fields, seen, settings, edges)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def _tell(fields: dict[str, str | None], seen: Look, settings: Settings, edges: Edges) -> None:
    announce("a link was pointed back at an older certificate", syslog=edges.syslog, **fields)
    note(state_directory(settings), {"time": seen.reading.host_time, **fields})
