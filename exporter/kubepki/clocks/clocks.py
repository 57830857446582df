"""The clocks of this host and those it can ask, read into one `Reading`.

`Clocks.read()` costs a few system calls, never waits for the disk or the network, and may be called from any thread.
Everything slow is on threads of their own: one waits for steps and writes the state file, one for each other clock.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from kubepki.clocks.adjtimex import Adjtimex
from kubepki.clocks.host import HostClock
from kubepki.clocks.poller import PERIOD_SECONDS, Poller
from kubepki.clocks.reference import References
from kubepki.clocks.rtc import RtcClock
from kubepki.clocks.sighting import RemoteClock
from kubepki.clocks.state import State
from kubepki.clocks.state_file import MAX_LINKS
from kubepki.clocks.steps import ClockPair, Look, Step, StepDetector
from kubepki.model import Link, Reading

if TYPE_CHECKING:
    from kubepki.clocks.step_watch import StepWatch

BACKSTOP_SECONDS = 5.0
STOP_SECONDS = 0.5

log = logging.getLogger(__name__)


class Clocks:
    """All clocks together. `start` and `stop` once each; everything else from any thread and at any time."""

    def __init__(  # noqa: PLR0913 - whom to ask, and whom to tell
        self,
        clock: HostClock,
        state: State,
        *,
        on_step: Callable[[Step], None] | None = None,
        on_poll: Callable[[], None] = lambda: None,
        period: float = PERIOD_SECONDS,
        quiet: bool = False,
    ) -> None:
        """Take *clock* as the host's and *state* as memory.

        *on_step* is called on a thread of ours after a step, *on_poll* after each poll of another clock.
        *quiet* leaves out the log lines about other clocks, for a command that tells them itself.
        """
        self._clock = clock
        self._state = state
        self._on_step = on_step
        self._detector = StepDetector(clock.realtime, clock.boottime)
        self._new_steps: deque[Step] = deque()
        self._references = References(
            clock.boottime, epoch=lambda: self._look().steps, on_poll=on_poll, period=period, quiet=quiet
        )
        self._rtc = Poller(RtcClock(now=clock.rtc), clock.boottime, period=period, quiet=True)
        self._configured: tuple[RemoteClock, ...] = ()
        self._api_server: RemoteClock | None = None
        self._lock = threading.Lock()
        self._targets: dict[str, str] = {}
        self._watch: StepWatch | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clock-steps", daemon=True)

    def start(self) -> None:
        """Start the threads that wait for steps and ask the other clocks."""
        self._watch = self._clock.step_watch()
        self._thread.start()
        self._rtc.start()
        self._references.start()

    def stop(self) -> None:
        """End the threads within about half a second and write what is not written yet."""
        self._stopping.set()
        self._wake()
        self._rtc.stop()
        self._references.stop(STOP_SECONDS / 2)
        self._rtc.join(STOP_SECONDS / 4)
        if self._thread.ident is not None:
            self._thread.join(STOP_SECONDS / 2)
        if self._thread.is_alive():
            log.warning("the state file's disk does not answer; what was not written yet is lost")
            return
        with self._lock:
            if self._watch is not None:
                self._watch.close()
            self._watch = None
        self._state.flush(everything=True)

    def set_references(self, clocks: Iterable[RemoteClock]) -> None:
        """Ask exactly these configured clocks from now on, beside the API server."""
        with self._lock:
            self._configured = tuple(clocks)
            self._replace_references()

    def set_api_server(self, clock: RemoteClock | None) -> None:
        """Ask this API server from now on, or none; one that is equal to the present one changes nothing."""
        with self._lock:
            self._api_server = clock
            self._replace_references()

    def poke(self) -> None:
        """Ask all other clocks at once, in the background."""
        self._references.poke()
        self._rtc.poke()

    def settle(self, timeout: float) -> bool:
        """Wait until each other clock has answered or failed once, for a command that looks only once."""
        deadline = time.monotonic() + timeout
        return self._references.settle(timeout) and self._rtc.settle(deadline - time.monotonic())

    def read(self) -> Reading:
        """Return what all clocks say now. It is one moment: host time and CLOCK_BOOTTIME are taken as a pair."""
        look = self._look()
        kernel = self._ask_kernel(look.pair)
        rtc = self._rtc.reading(look.pair)
        return Reading(
            host_time=look.pair.host,
            earliest=self._clock.earliest,
            earliest_why=self._clock.earliest_why,
            synchronized_then=self._clock.synchronized_then,
            synchronized=None if kernel is None else kernel.synchronized,
            max_error=None if kernel is None else kernel.max_error,
            estimated_error=None if kernel is None else kernel.estimated_error,
            kept=self._state.kept(look.pair),
            last_synchronized=self._state.last_synchronized,
            steps=look.steps,
            last_step=None if look.last is None else look.last.size,
            last_step_time=None if look.last is None else look.last.host_time,
            rtc_offset=None if rtc is None else rtc.offset,
            references=self._references.readings(look.pair, look.steps),
            rotations=self._state.rotations(),
        )

    def answered(self, steps: int) -> bool:
        """Return whether each other clock has answered or failed since the step number *steps*."""
        return self._references.answered(steps)

    def see_links(self, links: Mapping[str, Link]) -> tuple[str, ...]:
        """Remember for each link that changed whether the clock is synchronised now; return the paths that changed.

        To be called with all links of each published snapshot. A link that is new to this process has not changed
        under its eyes: what the state file says of the same target stands, otherwise `judge_first_sight` decides.
        """
        pair = self._look().pair
        kernel = self._ask_kernel(pair)
        changed = []
        with self._lock:
            for path, link in links.items():
                known = self._targets.get(path)
                if known == link.target:
                    continue
                self._targets[path] = link.target
                if known is not None:
                    changed.append(path)
                    synchronized = None if kernel is None else kernel.synchronized
                    self._state.record_change(path, link.target, synchronized=synchronized)
                elif (remembered := self._state.rotation(path)) is None or remembered.target != link.target:
                    synchronized = judge_first_sight(kernel, link.target_mtime, pair)
                    self._state.record_change(path, link.target, synchronized=synchronized)
            if len(self._targets) > 2 * MAX_LINKS:
                self._targets = {path: link.target for path, link in links.items()}
        if changed:
            self.poke()
        self._wake()
        return tuple(changed)

    def see_sources(self, paths: Collection[str]) -> None:
        """Remember that the optional files *paths* are there: from now on they are expected."""
        self._state.note_sources(paths)

    def see_departure(self, *, gone: bool, empty: bool) -> bool:
        """Return, and remember, whether the host has left its cluster: all is *gone* now, or was and it is *empty*."""
        departed = gone or (empty and self._state.departed())
        self._state.note_departed(departed=departed)
        return departed

    def take_forgotten(self) -> frozenset[str]:
        """Forget what an operator asked to forget; return those paths."""
        paths = self._state.take_forgotten()
        if paths:
            with self._lock:
                self._targets = {path: target for path, target in self._targets.items() if path not in paths}
        return paths

    def keep_links(self, paths: Collection[str]) -> None:
        """Forget every link that is not in *paths*; for a reload."""
        with self._lock:
            self._targets = {path: target for path, target in self._targets.items() if path in paths}
            self._state.keep_only(paths)
        self._wake()

    def _look(self) -> Look:
        look = self._detector.look()
        if look.is_new and look.last is not None:
            self._new_steps.append(look.last)
            self.poke()
            self._wake()
        return look

    def _ask_kernel(self, pair: ClockPair) -> Adjtimex | None:
        kernel = self._clock.adjtimex()
        if kernel is not None and kernel.synchronized:
            self._state.note_synchronized(pair)
        else:
            self._state.note_unsynchronized()
        return kernel

    def _replace_references(self) -> None:
        api_server = () if self._api_server is None else (self._api_server,)
        self._references.replace((*api_server, *self._configured))

    def _wake(self) -> None:
        with self._lock:
            if self._watch is not None:
                self._watch.wake()

    def _run(self) -> None:
        watch = self._watch
        while watch is not None and not self._stopping.is_set():
            was_set = watch.wait(BACKSTOP_SECONDS)
            self._ask_kernel(self._look().pair)
            if was_set or self._new_steps:
                self.poke()
            while self._new_steps:
                self._report(self._new_steps.popleft())
            self._state.flush()

    def _report(self, step: Step) -> None:
        if self._on_step is None:
            return
        try:
            self._on_step(step)
        except Exception:
            # The thread must live: it is what notices the next step.
            log.exception("reporting a step of the clock failed")


def judge_first_sight(kernel: Adjtimex | None, target_mtime: float, pair: ClockPair) -> bool | None:
    """Return what is known of a change that nobody saw: False, or None for unknown.

    It is False when the clock is not synchronised now and the target was written after the boot: then it was not
    synchronised at that moment either, or it has been set since.
    """
    if kernel is not None and not kernel.synchronized and target_mtime > pair.host - pair.boot:
        return False
    return None
