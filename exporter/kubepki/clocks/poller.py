"""One thread that asks one other clock: each minute with jitter, and at once where there is a reason."""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from kubepki.clocks.answers import APART_SECONDS, Answers
from kubepki.clocks.net import Abort, UnreadableClockError
from kubepki.clocks.sighting import RemoteClock, Sighting
from kubepki.clocks.steps import ClockPair
from kubepki.model import ReferenceReading

PERIOD_SECONDS = 60.0
JITTER = 0.1
POKE_SPACING_SECONDS = 1.0

log = logging.getLogger(__name__)


class Poller:
    """Asks one clock each period and when poked; keeps what it says. Safe to use from any thread."""

    def __init__(  # noqa: PLR0913 - what a poll depends on
        self,
        clock: RemoteClock,
        boottime: Callable[[], float],
        *,
        epoch: Callable[[], int] = lambda: 0,
        answers: int = 1,
        on_poll: Callable[[], None] = lambda: None,
        period: float = PERIOD_SECONDS,
        spacing: float = POKE_SPACING_SECONDS,
        quiet: bool = False,
    ) -> None:
        """Take *clock* to be asked each *period* seconds, and never twice within *spacing* seconds.

        *epoch* returns how many steps of the host's clock there were, *answers* is how many of the latest ones count.
        *on_poll* is called on the thread after each poll. *quiet* leaves out the log lines of transitions.
        """
        self.clock = clock
        self._quiet = quiet
        self._boottime = boottime
        self._epoch = epoch
        self._on_poll = on_poll
        self._period = period
        self._spacing = spacing
        self._abort = Abort()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._settled = threading.Event()
        # Replaced by assignment, never changed.
        self._answers = Answers(epoch=-1, most=answers)
        self._more = 0
        self._thread = threading.Thread(target=self._run, name=f"clock-{clock.source}", daemon=True)

    def start(self) -> None:
        """Ask for the first time, in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Tell the thread to end, in the middle of a request too."""
        self._stopping.set()
        self._wake.set()
        self._abort.abort()

    def join(self, timeout: float) -> None:
        """Wait for the end of the thread."""
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def is_alive(self) -> bool:
        """Return whether the thread still runs."""
        return self._thread.is_alive()

    def poke(self) -> None:
        """Ask again at once, at most once a second."""
        self._wake.set()

    def settle(self, timeout: float) -> bool:
        """Wait for the first answer or failure; return whether it came."""
        return self._settled.wait(max(0.0, timeout))

    def answered(self, epoch: int) -> bool:
        """Return whether a poll that was begun in *epoch* has ended."""
        return self._answers.epoch == epoch

    def reading(self, pair: ClockPair, epoch: int = 0) -> ReferenceReading | None:
        """Return the clock at the instant of *pair*; None before the first poll of *epoch* has ended."""
        return self._answers.reading(self.clock.source, pair, epoch)

    def _run(self) -> None:
        while not self._stopping.is_set():
            before, epoch = self._answers, self._epoch()
            sighting, reason = self._ask()
            if self._stopping.is_set():
                return
            if sighting is not None:
                after = before.with_sighting(sighting, epoch)
            else:
                after = before.with_failure(self._boottime(), epoch)
            wait = self._wait(after)
            self._answers = replace(after, due=after.due + wait)
            if not self._quiet:
                self._log_transitions(before, after, reason)
            self._settled.set()
            ended = time.monotonic()
            self._on_poll()
            self._wake.wait(wait)
            self._stopping.wait(max(0.0, ended + self._spacing - time.monotonic()))
            self._wake.clear()

    def _wait(self, answers: Answers) -> float:
        """Return for how many seconds nothing has to be asked.

        After an answer that contradicts all others, whether a clock was set or another server answered is seen at once
        by asking for as many as count.
        """
        self._more = answers.most - 1 if answers.is_news() else max(0, self._more - 1)
        if self._more and answers.up:
            return self._spacing
        return answers.pause(self._period) * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 -- no secret

    def _ask(self) -> tuple[Sighting | None, str]:
        try:
            return self.clock.read(self._boottime, self._abort), ""
        except UnreadableClockError as error:
            return None, str(error)
        except Exception:
            # The thread must live: a frozen reading would be worse than none.
            log.exception("asking the reference clock %s failed in an unexpected way", self.clock.source)
            return None, "internal error"

    def _log_transitions(self, before: Answers, after: Answers, reason: str) -> None:
        source, first = self.clock.source, not self._settled.is_set()
        if not after.up and (first or before.failing_since is None):
            log.warning("reference clock %s cannot be read: %s", source, reason)
        elif after.up and (first or before.failing_since is not None):
            log.info("reference clock %s is read, within %.2f s", source, after.sightings[0].error)
        if after.spread() > APART_SECONDS >= before.spread():
            log.warning(
                "the answers of the reference clock %s are %.0f s apart, as of several servers behind one address: "
                "of the last %d the earliest counts for what begins, the latest for what ends",
                source,
                after.spread(),
                after.most,
            )
