"""When the journal is written: after scans, steps of the clock and polls of other clocks.

A step makes what other clocks said unknown until they have answered again. The journal waits for that, two seconds at
most, so that no line judges by half of what is asked at that moment.
"""

import logging
import threading
import time

from kubepki.clocks.clocks import Clocks
from kubepki.clocks.steps import Step
from kubepki.model import Reading, Snapshot
from kubepki.service.journal import Journal

PATIENCE_SECONDS = 2.0
# After a scan, so that the scans of one rotation and the scrape that waits for them come first.
QUIET_SECONDS = 0.1
MAX_QUIET_SECONDS = 1.0
_NEVER = float("inf")

log = logging.getLogger(__name__)


class Telling:
    """Knows what is to be told. `note_…` from any thread, the rest from that of the scans."""

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks
        self._journal = Journal()
        self._lock = threading.Lock()
        self._due = False
        # What was told first is what later changes are told by: it does not wait.
        self._told = False
        self._quiet_until = 0.0
        self._quiet_no_longer_than = 0.0
        self._steps: list[Step] = []
        self._noted = 0
        self._patient_until: float | None = None
        self._patient_for = -1

    def note(self) -> None:
        """Note that a scan or a poll has ended."""
        now = time.monotonic()
        if not self._due:
            self._quiet_no_longer_than = now + MAX_QUIET_SECONDS
        if self._told:
            self._quiet_until = min(now + QUIET_SECONDS, self._quiet_no_longer_than)
        self._due = True

    def note_step(self, step: Step) -> None:
        """Note a step of the clock."""
        with self._lock:
            self._steps.append(step)
            self._noted += 1
        self._quiet_until = 0.0
        self._due = True

    def seconds(self) -> float:
        """Return for how long nothing is to be told, unless something is noted before."""
        if self._patient_until is not None:
            return max(0.0, self._patient_until - time.monotonic())
        return max(0.0, self._quiet_until - time.monotonic()) if self._due else _NEVER

    def tell(self, snapshot: Snapshot | None) -> None:
        """Write what is due, and is known as well as it soon will be. Never raises: scans go on without it."""
        if not self._due or snapshot is None or time.monotonic() < self._quiet_until:
            return
        try:
            self._tell(snapshot)
        except Exception:
            log.exception("writing the journal failed")

    def tell_now(self, snapshot: Snapshot | None) -> None:
        """Write what is due without waiting for quiet: the service ends."""
        self._quiet_until = 0.0
        self.tell(snapshot)

    def _tell(self, snapshot: Snapshot) -> None:
        # Before the clocks are read: what is noted meanwhile is told the next time.
        self._due = False
        reading = self._clocks.read()
        if self._waits(reading):
            self._due = True
            return
        self._patient_until = None
        self._told = True
        with self._lock:
            steps, self._steps = self._steps, []
        for step in steps:
            self._journal.tell_step(step, snapshot, reading)
        self._journal.tell_changes(snapshot, reading)

    def _waits(self, reading: Reading) -> bool:
        """Return whether more is known in a moment: the step itself, or what other clocks say after it."""
        if self._noted >= reading.steps and self._clocks.answered(reading.steps):
            return False
        now = time.monotonic()
        if self._patient_for != reading.steps:
            self._patient_for = reading.steps
            self._patient_until = now + PATIENCE_SECONDS
        return self._patient_until is not None and now < self._patient_until
