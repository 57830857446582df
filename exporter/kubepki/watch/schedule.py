"""When the next scan is due.

Rules of this module: pure logic, no clock and no lock of its own. Every `now` is a monotonic time in seconds, and
never smaller than the one before. Who shares a `Schedule` between threads holds a lock around each call.
"""

import math

QUIET_SECONDS = 0.004
MAX_DELAY_SECONDS = 0.08
INTERVAL_SECONDS = 30.0
POLLING_INTERVAL_SECONDS = 5.0
BREATHER = 1.0
MAX_CREDIT_SECONDS = 0.25
MAX_REST_FROM_TIME_SECONDS = 0.5
# A scan that took longer is worth a look at what is first before it, and may be left for one.
LONG_SECONDS = 0.2
MAX_OVERTAKEN_SECONDS = 10.0


class Schedule:
    """Turns events, deadlines and an interval into the moment of the next scan.

    A scan that events asked for is due when they have been quiet for *quiet* seconds, at the latest *max_delay*
    after the first of them, but not before the scanner has rested for *breather* times the duration of its last
    scan that events asked for: a storm of events over a large tree may then use half of one CPU, and a small tree
    notices nothing. So an event waits for no more than max(max_delay, breather * duration) after it came, or after the
    running scan's end. Idleness before is rest, too, a quarter of a second at most: the few scans of one rotation
    follow at once. A scan that only time asked for, such as the first, comes too seldom to be rested from for long:
    half a second at most, in which those come first who wait for its result.

    A change of what components present now is `hurried`. It does not wait for that rest, nor for the end of a scan
    that takes long: a look at these few is due, with a rest of its own. A scan may be left for it, until scans have had
    no end for ten seconds.

    A scan of everything is also due *interval* after the start of the last one and at each deadline of `wake_at`;
    the first is due at once.
    """

    def __init__(
        self,
        *,
        quiet: float = QUIET_SECONDS,
        max_delay: float = MAX_DELAY_SECONDS,
        interval: float = INTERVAL_SECONDS,
        breather: float = BREATHER,
    ) -> None:
        self._quiet = quiet
        self._max_delay = max_delay
        self._interval = interval
        self._breather = breather
        self._first_event: float | None = None
        self._last_event = -math.inf
        self._deadlines: set[float] = set()
        self._soon: set[float] = set()
        self._started = -math.inf
        self._whole_started = -math.inf
        self._rested = -math.inf
        # Whether events asked for the scan that runs, or for the last one.
        self._asked_for = False
        self._ended = -math.inf
        self._credit = 0.0
        self._runs = False
        self._took = 0.0
        self._hurried: float | None = None
        self._first_started = -math.inf
        self._first_rested = -math.inf
        self._overtaken_since: float | None = None

    @property
    def dirty(self) -> bool:
        """Whether an event came since the start of the last scan."""
        return self._first_event is not None

    def mark(self, now: float) -> None:
        """Note an event; one that comes while a scan runs asks for another scan."""
        if self._first_event is None:
            self._first_event = now
        self._last_event = now

    def hurry(self, now: float) -> None:
        """Note an event of what components present now, beside `mark`."""
        if self._hurried is None:
            self._hurried = now

    def overtakes(self, now: float) -> bool:
        """Whether the scan that runs is to be left for a look at what is first."""
        if not self._runs or now - self._started < LONG_SECONDS or now < self._first_due_at():
            return False
        return self._overtaken_since is None or now - self._overtaken_since < MAX_OVERTAKEN_SECONDS

    def first_due(self, now: float) -> bool:
        """Whether a look at what is first is due, for a scan of all that changed would keep it waiting."""
        return self._took > LONG_SECONDS and now >= self._first_due_at()

    def first_started(self, now: float) -> None:
        """Note that a look at what is first starts; call it before anything is looked at."""
        self._hurried = None
        self._first_started = now

    def first_finished(self, now: float) -> None:
        """Note that it has ended, well or badly."""
        self._first_rested = now + self._breather * (now - self._first_started)

    def left(self, now: float) -> None:
        """Note that the scan which `started` was left for a look at what is first: it is due anew at once."""
        self._runs = False
        if self._overtaken_since is None:
            self._overtaken_since = now
        self._took = max(self._took, now - self._started)
        self.wake_at(now)

    def wake_at(self, deadline: float, *, whole: bool = True) -> None:
        """Ask for a scan at *deadline* besides the others; one scan serves all deadlines that have passed.

        Without *whole* a scan of what changed, and of what is doubtful, serves it too.
        """
        (self._deadlines if whole else self._soon).add(deadline)

    def set_interval(self, interval: float) -> None:
        """Change the interval, counted from the start of the last scan of everything."""
        self._interval = interval

    def started(self, now: float, *, whole: bool = True) -> None:
        """Note that a scan starts, of everything or of what changed.

        Call it before the scan looks at anything: later events ask for another scan.
        """
        self._runs = True
        self._asked_for = self._first_event is not None
        self._first_event = None
        if self._took <= LONG_SECONDS:
            self._hurried = None
        self._started = now
        self._credit = min(MAX_CREDIT_SECONDS, self._credit + max(0.0, now - self._ended))
        self._soon = {deadline for deadline in self._soon if deadline > now}
        if whole:
            self._whole_started = now
            self._deadlines = {deadline for deadline in self._deadlines if deadline > now}

    def finished(self, now: float) -> None:
        """Note that the scan which `started` has ended, well or badly."""
        self._runs, self._overtaken_since = False, None
        self._took = now - self._started
        rest = self._breather * self._took
        if not self._asked_for:
            rest = min(rest, MAX_REST_FROM_TIME_SECONDS)
        had = min(rest, self._credit)
        self._credit -= had
        self._rested = now + rest - had
        # Rest that is still owed is no idleness.
        self._ended = self._rested

    def due_at(self, *, first: bool = True) -> float:
        """Return the monotonic time of the next scan, or look at what is *first*; it moves with each event."""
        return min(self._scan_due_at(), self._first_due_at() if first and self._took > LONG_SECONDS else math.inf)

    def _first_due_at(self) -> float:
        return math.inf if self._hurried is None else max(self._hurried + self._quiet, self._first_rested)

    def _scan_due_at(self) -> float:
        due = min(self._whole_due_at(), *self._soon, math.inf)
        if self._first_event is None:
            return due
        settled = min(self._last_event + self._quiet, self._first_event + self._max_delay)
        return min(due, max(settled, self._rested))

    def whole_due(self, now: float) -> bool:
        """Whether everything is to be looked at, and not only what changed."""
        return now >= self._whole_due_at()

    def _whole_due_at(self) -> float:
        return min(self._whole_started + self._interval, *self._deadlines, math.inf)

    def due(self, now: float, *, first: bool = True) -> bool:
        """Whether a scan is due, or a look at what is *first*."""
        return now >= self.due_at(first=first)
