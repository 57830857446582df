"""What is kept of the polls of one other clock, and what it says between them. Pure.

An answer is carried on CLOCK_BOOTTIME. It outlives five minutes of failed polls, and no step of the host's clock: who
stepped that may have stepped the other clock too. Behind one address there may be several servers, of which one poll
sees one; the earliest of the latest answers counts for what begins, for that server rejects it first, and the latest,
by the spread, for what ends.
"""

from dataclasses import dataclass, replace

from kubepki.clocks.sighting import Sighting
from kubepki.clocks.steps import ClockPair
from kubepki.model import ReferenceReading

KEPT_SECONDS = 300.0
# Two answers that are further apart come from two clocks, or from one that was set.
APART_SECONDS = 120.0
UNAUTHORIZED_PERIOD_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The latest sightings, the newest first, `most` of them at most.

    `epoch` counts the steps of the host's clock before they were asked for. `due` is the CLOCK_BOOTTIME of the next
    poll, `failing_since` that of the first poll that failed after the newest sighting, None where none did.
    """

    epoch: int
    most: int = 1
    sightings: tuple[Sighting, ...] = ()
    due: float = 0.0
    failing_since: float | None = None

    @property
    def up(self) -> bool:
        """Whether the latest poll succeeded."""
        return bool(self.sightings) and self.failing_since is None

    def with_sighting(self, sighting: Sighting, epoch: int) -> "Answers":
        """Return what is known after a poll that was begun in *epoch* and succeeded."""
        before = self.sightings if epoch == self.epoch else ()
        recent = (each for each in before if sighting.boot - each.boot <= KEPT_SECONDS)
        return replace(
            self, epoch=epoch, sightings=(sighting, *recent)[: self.most], failing_since=None, due=sighting.boot
        )

    def with_failure(self, boot: float, epoch: int) -> "Answers":
        """Return what is known after a poll that was begun in *epoch* and failed at *boot*."""
        if epoch != self.epoch:
            return replace(self, epoch=epoch, sightings=(), failing_since=boot, due=boot)
        return replace(self, failing_since=boot if self.failing_since is None else self.failing_since, due=boot)

    def is_news(self) -> bool:
        """Return whether the newest sighting contradicts all others: a clock was set, or there is another server."""
        if len(self.sightings) < 2 or self.failing_since is not None:  # noqa: PLR2004 - it and another one
            return False
        newest, *others = self._at(self.sightings[0].boot)
        return all(abs(newest - each) > APART_SECONDS for each in others)

    def pause(self, period: float) -> float:
        """Return for how many seconds the clock is left alone: *period*, or more where each poll is a refused login."""
        unauthorized = self.up and self.sightings[0].unauthorized
        return max(period, UNAUTHORIZED_PERIOD_SECONDS) if unauthorized else period

    def spread(self) -> float:
        """Return by how many seconds the sightings differ."""
        times = self._at(0.0)
        return max(times) - min(times) if times else 0.0

    def reading(self, clock: str, pair: ClockPair, epoch: int) -> ReferenceReading | None:
        """Return *clock* at the instant of *pair*, None where it was not asked since the latest step."""
        if epoch != self.epoch:
            return None
        failed = self.failing_since is not None and pair.boot - self.failing_since > KEPT_SECONDS
        if not self.sightings or failed or pair.boot - self.due > KEPT_SECONDS:
            return ReferenceReading(clock=clock, up=False, offset=None)
        return ReferenceReading(
            clock=clock,
            up=self.up,
            offset=min(each.offset(pair) for each in self.sightings),
            spread=self.spread(),
            certificate=self.sightings[0].certificate,
        )

    def _at(self, boot: float) -> list[float]:
        return [each.time + boot - each.boot for each in self.sightings]
