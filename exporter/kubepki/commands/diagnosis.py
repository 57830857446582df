"""What one look at the host gave: the input of every report. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from kubepki.commands.service_view import ServiceView
from kubepki.judgement.belief import Belief, believe
from kubepki.judgement.comparisons import JUDGE
from kubepki.judgement.evaluate import Finding
from kubepki.judgement.fallbacks import RepairTimes, repair_times
from kubepki.model import Proof, Reading, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look saw, and its judgement.

    `issued` says of each `-current.pem` which CA issued it, None where no CA is known. `assumed`
    means that `--at` was given: then host time is that moment and no other clock was asked;
    `wall` is what the host's clock says meanwhile, by which a kubelet goes; `objection` is why it cannot be that
    moment, a clause, None where nothing says so. `whole` is the belief of the whole host
    where `snapshot` is a part of it. `service` is what the running service sees of it, None where it was not asked.
    """

    snapshot: Snapshot
    reading: Reading
    findings: tuple[Finding, ...]
    issued: Mapping[str, Proof] | None = None
    assumed: bool = False
    wall: float | None = None
    objection: str | None = None
    whole: Belief | None = None
    service: ServiceView | None = None

    @property
    def belief(self) -> Belief:
        """What time it is believed to be, by all that was seen of this host."""
        return self.whole or believe(self.snapshot, self.reading)

    @property
    def now(self) -> float:
        """The believed time, the host's where there is none."""
        return self.reading.host_time if self.belief.now is None else self.belief.now

    @property
    def repair(self) -> RepairTimes:
        """The times at which a fallback has to be valid."""
        return repair_times(self.belief, self.reading, self.wall)

    @property
    def kubelet_time(self) -> float:
        """What the host's own clock says: a kubelet that starts goes by it, right or wrong."""
        return self.reading.host_time if self.wall is None else self.wall


def given_reading(at: float, read: Reading) -> Reading:
    """Return the reading where a person says that it is *at*: of what was *read* only the judge's clock counts."""
    judge = tuple(
        each if each.offset is None else replace(each, offset=each.offset + read.host_time - at)
        for each in read.references
        if each.clock == JUDGE
    )
    return Reading(
        host_time=at,
        given=True,
        own_time=read.host_time,
        last_synchronized=read.last_synchronized,
        references=judge,
        rotations=read.rotations,
    )
