"""Watches for a minute what a restarted kubelet does with its link."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from kubepki.commands.aftermath import Aftermath, Outcome
from kubepki.model import PathState

WATCH_SECONDS = 60.0
_PAUSE_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long is watched, and by which clock."""

    seconds: float = WATCH_SECONDS
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


A_MINUTE = Pace()


def watch(
    link: str, target: str, *, judged_at: float, state_of: Callable[[str], PathState | None], pace: Pace
) -> Aftermath:
    """Return what became of *link*, which leads to *target*, ending early once the kubelet has rotated.

    A new certificate is judged by *judged_at*, the Unix time of now that the plan was made by, which runs on meanwhile.
    """
    start = pace.monotonic()
    wanted = os.path.realpath(target)
    while (passed := pace.monotonic() - start) < pace.seconds:
        # Between two steps of client-go's rotation the link is not there at all.
        if os.path.exists(link) and os.path.realpath(link) != wanted:  # noqa: PTH110 - paths are str
            return _rotated(state_of(link), judged_at + passed, passed)
        pace.sleep(_PAUSE_SECONDS)
    if os.path.exists(link):  # noqa: PTH110 - as above
        return Aftermath(outcome=Outcome.KEPT, seconds=passed, target=target)
    return Aftermath(outcome=Outcome.UNDONE, seconds=passed)


def _rotated(state: PathState | None, now: float, passed: float) -> Aftermath:
    leaf = state.certificates[0] if state is not None and state.certificates else None
    good = leaf is not None and leaf.not_before <= now <= leaf.not_after
    return Aftermath(
        outcome=Outcome.RENEWED if good else Outcome.UNDONE,
        seconds=passed,
        target=state.link.target if state is not None and state.link is not None else None,
        leaf=leaf,
    )
