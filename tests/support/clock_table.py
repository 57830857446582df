"""The whole table of clocks: every combination of what may be wrong, with the truth known.

`python -m tests.support.clock_table` prints how many combinations there are, and in which nobody can tell the time.

Each of the axes is a closed list. A `Night` is one combination; it makes the snapshot and the reading that the exporter
would have, and knows the truth that the exporter does not.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, product

from kubepki.commands.diagnosis import Look, given_reading
from kubepki.judgement.belief import Sureness, believe
from kubepki.judgement.evaluate import evaluate
from kubepki.judgement.witnesses import TOLERANCE_SECONDS
from kubepki.model import (
    Candidate,
    Certificate,
    Link,
    PathState,
    Reading,
    ReferenceReading,
    Snapshot,
    Standing,
    Usage,
)

TRUE = 1_800_000_000.0
LEAD = 2 * 3_600.0 + 11 * 60.0
DAY = 86_400.0
YEAR = 365 * DAY
LINK = "/var/lib/kubelet/pki/kubelet-client-current.pem"
BUILT = TRUE - 60 * DAY

OFFS = {"right": 0.0, "ahead": LEAD, "behind": -LEAD}
NODE = {**OFFS, "1970": -TRUE}
# Sizes of no rule: about the two minutes within which clocks agree, a signer's five, beyond a day, beyond a year.
ODD = {
    "119 s ahead": 119.0,
    "119 s behind": -119.0,
    "121 s ahead": 121.0,
    "3 min behind": -180.0,
    "299 s ahead": 299.0,
    "361.5 s behind": -361.5,
    "26 h ahead": 26 * 3_600.0,
    "26 h behind": -26 * 3_600.0,
    "400 d ahead": 400 * DAY,
    "400 d behind": -400 * DAY,
}
OFFSETS = {**NODE, **ODD}
SYNCHRONIZED = ("yes", "lost", "no", "unknown")
API_SERVER = (*OFFS, "unreadable", "none")
SEVERAL = ("behind+right", "right+ahead", "behind+ahead")
OUTSIDE = (*OFFS, "unreadable", "none")
HARDWARE = ("right", "wrong", "none")
# NotBefore and NotAfter against the truth. A signer that is right, ahead and behind makes the first three.
CURRENT = {
    "fresh": (-360.0, YEAR),
    "future": (LEAD - 360.0, YEAR),
    "backdated": (-LEAD - 360.0, YEAR),
    "old": (-300 * DAY, 65 * DAY),
    "ending": (65 * DAY - YEAR, 3_600.0),
    "just_expired": (-YEAR, -3_600.0),
    "expired": (-2 * YEAR, -YEAR / 2),
}
GOOD = ("good", -200 * DAY, 165 * DAY)
# What looks good to a clock that is wrong: signed in the same night, about to end, ended half a year ago.
TRAPS = (("night", 3_600.0, YEAR), ("thin", -100 * DAY, 1_800.0), ("ended", -2 * YEAR, -YEAR / 2))
FALLBACKS = {"none": (), "good": (GOOD,), "traps": TRAPS, "good_and_traps": (GOOD, *TRAPS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """Which clocks there are, and what is wrong with each; `second` is one more outside, which may contradict."""

    api_server: str
    node: str
    synchronized: str
    outside: str
    hardware: str
    second: str = "none"

    @property
    def references(self) -> tuple[str, ...]:
        """What is the matter with each of the clocks outside that answer."""
        return tuple(each for each in (self.outside, self.second) if each in OFFSETS)


def certificate(offsets: tuple[float, float], entry: str = "0") -> Certificate:
    """Return a client certificate that begins and ends at *offsets* from the truth."""
    return Certificate(
        entry=entry,
        usage=Usage.CLIENT,
        subject="CN=system:node:node30",
        issuer="CN=kubernetes",
        serial="01",
        fingerprint_sha256="0" * 64,
        not_before=TRUE + offsets[0],
        not_after=TRUE + offsets[1],
    )


@dataclass(frozen=True, kw_only=True)
class Night:
    """One combination."""

    clocks: Clocks
    current: str
    fallbacks: str

    @cached_property
    def leaf(self) -> Certificate:
        """The certificate that is in use."""
        return certificate(CURRENT[self.current])

    @property
    def host(self) -> float:
        """What the host's clock says."""
        return TRUE + OFFSETS[self.clocks.node]

    @property
    def judges(self) -> tuple[float, ...]:
        """What the clocks of the API servers say, the earliest first; one is the rule, none where none is read."""
        return tuple(sorted(TRUE + OFFSETS[each] for each in self.clocks.api_server.split("+") if each in OFFSETS))

    @property
    def judge(self) -> float | None:
        """What the earliest of them says, None where it is not read."""
        return min(self.judges, default=None)

    @property
    def strongest_is_right(self) -> bool | None:
        """Whether the strongest clock that is believed alone tells the truth; None where there is none.

        Of two outside that contradict each other it is the one that a host whose kernel vouches for it agrees with.
        """
        told = self.clocks.references
        vouched = self.clocks.synchronized in {"yes", "lost"} and self.host >= BUILT - TOLERANCE_SECONDS
        if not told:
            return is_right(self.clocks.node) if vouched else None
        if any(_agree(told[0], each) for each in told[1:]) or len(told) == 1:
            return is_right(told[0])
        return is_right(self.clocks.node) if vouched and any(_agree(self.clocks.node, each) for each in told) else None

    @property
    def rejected(self) -> bool:
        """Whether the API server was read and rejects what is in use."""
        return any(not self.leaf.not_before <= judge <= self.leaf.not_after for judge in self.judges)

    def snapshot(self) -> Snapshot:
        """Return what the disk says."""
        candidates = tuple(
            Candidate(path=f"/var/lib/kubelet/pki/kubelet-client-{name}.pem", leaf=certificate((start, end)))
            for name, start, end in FALLBACKS[self.fallbacks]
        )
        link = Link(target="/var/lib/kubelet/pki/target.pem", target_mtime=TRUE - 2 * YEAR, target_name_time=None)
        state = PathState(
            path=LINK, standing=Standing.CURRENT, certificates=(self.leaf,), link=link, candidates=candidates
        )
        return Snapshot(paths=(state,))

    def reading(self) -> Reading:
        """Return what the clocks say."""
        clocks = self.clocks
        references = []
        asked = {"apiserver": clocks.api_server, "https/outside": clocks.outside, "https/second": clocks.second}
        for name, said in asked.items():
            if said != "none":
                ends = self.judges if name == "apiserver" else (TRUE + OFFSETS[said],) if said in OFFSETS else ()
                offset = min(ends) - self.host if ends else None
                spread = max(ends) - min(ends) if ends else 0.0
                references.append(ReferenceReading(clock=name, up=bool(ends), offset=offset, spread=spread))
        hardware = {"right": TRUE - self.host, "wrong": TRUE + LEAD - self.host, "none": None}[clocks.hardware]
        lost = clocks.synchronized == "lost"
        followed = clocks.synchronized in {"yes", "lost"}
        return Reading(
            host_time=self.host,
            earliest=BUILT,
            # A server of the room was ahead for a while, and the time daemon followed it.
            synchronized_then=(TRUE + LEAD - 600.0, "chronyd was synchronized") if followed else None,
            synchronized={"yes": True, "lost": False, "no": False, "unknown": None}[clocks.synchronized],
            kept=True if lost else None,
            last_synchronized=self.host - 3_600.0 if lost else None,
            rtc_offset=hardware,
            references=tuple(references),
        )

    def look(self, at: float | None = None) -> Look:
        """Return what `check` and `rollback` see, with `--at` where a time is given."""
        snapshot, reading = self.snapshot(), self.reading()
        if at is not None:
            reading = given_reading(at, reading)
        belief = believe(snapshot, reading)
        findings = evaluate(snapshot, reading, belief)
        wall = None if at is None else self.host
        return Look(
            snapshot=snapshot, reading=reading, whole=belief, findings=findings, assumed=at is not None, wall=wall
        )


def all_clocks() -> Iterator[Clocks]:
    """Yield every combination of clocks."""
    for api_server, node, synchronized, outside, hardware in product(API_SERVER, NODE, SYNCHRONIZED, OUTSIDE, HARDWARE):
        yield Clocks(api_server=api_server, node=node, synchronized=synchronized, outside=outside, hardware=hardware)


def odd_nights(start: int, stride: int) -> Iterator[Night]:
    """Yield one in *stride* of the combinations in which clocks are off by sizes that are in no list of the rules."""
    judges, hosts = (*ODD, "right", "none"), (*ODD, "right")
    every = product(judges, hosts, ("yes", "no"), (*ODD, "right", "none"), ("right", "none"), CURRENT, FALLBACKS)
    for api_server, node, synchronized, outside, hardware, current, fallbacks in islice(every, start, None, stride):
        clocks = Clocks(api_server=api_server, node=node, synchronized=synchronized, outside=outside, hardware=hardware)
        yield Night(clocks=clocks, current=current, fallbacks=fallbacks)


def balanced_nights() -> Iterator[Night]:
    """Yield the combinations in which several API servers behind one address contradict each other."""
    every = product(SEVERAL, NODE, SYNCHRONIZED, OUTSIDE, HARDWARE, CURRENT, FALLBACKS)
    for api_server, node, synchronized, outside, hardware, current, fallbacks in every:
        clocks = Clocks(api_server=api_server, node=node, synchronized=synchronized, outside=outside, hardware=hardware)
        yield Night(clocks=clocks, current=current, fallbacks=fallbacks)


def disputed_nights() -> Iterator[Night]:
    """Yield the combinations in which two clocks outside contradict each other."""
    for first, second in (("right", "ahead"), ("right", "behind"), ("ahead", "behind"), ("behind", "ahead")):
        every = product(API_SERVER, NODE, SYNCHRONIZED, HARDWARE, CURRENT, FALLBACKS)
        for api_server, node, synchronized, hardware, current, fallbacks in every:
            clocks = Clocks(
                api_server=api_server,
                node=node,
                synchronized=synchronized,
                outside=first,
                second=second,
                hardware=hardware,
            )
            yield Night(clocks=clocks, current=current, fallbacks=fallbacks)


def _agree(one: str, other: str) -> bool:
    return abs(OFFSETS[one] - OFFSETS[other]) <= TOLERANCE_SECONDS


def is_right(clock: str) -> bool:
    """Return whether what is the matter with a *clock* is less than what anybody could tell."""
    return abs(OFFSETS[clock]) <= TOLERANCE_SECONDS


def nights() -> Iterator[Night]:
    """Yield the whole table."""
    for clocks, current, fallbacks in product(all_clocks(), CURRENT, FALLBACKS):
        yield Night(clocks=clocks, current=current, fallbacks=fallbacks)


def cannot_be_told() -> str:
    """Return as Markdown in which combinations of clocks nobody can tell the time."""
    rows: dict[tuple[str, str, str], set[str]] = {}
    for clocks in all_clocks():
        night = Night(clocks=clocks, current="old", fallbacks="none")
        belief = believe(night.snapshot(), night.reading())
        if belief.needs_a_time:
            judge = clocks.api_server if clocks.api_server in OFFSETS else "not read"
            assert clocks.outside not in OFFSETS, "a clock outside tells the time"
            what = "one weak clock alone" if belief.sureness is Sureness.ALONE else "cannot tell"
            rows.setdefault((clocks.node, judge, what), set()).add(clocks.synchronized)
    every = {"1970": 0, "right": 1, "ahead": 2, "behind": 3}
    lines = ["| host's clock | synchronised | API server's clock | verdict |", "| --- | --- | --- | --- |"]
    for (node, judge, what), synchronized in sorted(
        rows.items(), key=lambda row: (row[0][2], every[row[0][0]], row[0])
    ):
        said = [each for each in SYNCHRONIZED if each in synchronized]
        told = "whatever it says" if len(said) == len(SYNCHRONIZED) else ", ".join(said)
        lines.append(f"| {node} | {told} | {judge} | {what} |")
    return "\n".join(lines) + "\n"


def size() -> tuple[int, int]:
    """Return how many combinations of clocks there are, and how many nights."""
    clocks = sum(1 for _ in all_clocks())
    return clocks, clocks * len(CURRENT) * len(FALLBACKS)


if __name__ == "__main__":
    sys.stdout.write(f"{size()[0]:,} combinations of clocks, {size()[1]:,} nights\n\n{cannot_be_told()}")
