"""Hosts with one certificate each, at every combination of clocks, dates, usages and fallbacks.

Times are seconds by Prometheus' clock; the texts are read at `NOW`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product

MINUTE, DAY, YEAR = 60, 86_400, 31_536_000
SEEN = 6
"""So many minutes the hosts are seen for: the slowest of these alerts waits for 5."""
OFF = 7_860
"""How far a wrong clock is off: 2 h 11 min."""
NOW = OFF + SEEN * MINUTE + MINUTE - OFF % MINUTE
"""Later than a wrong clock is off, so that no time is below 0."""
PATH = "/pki/kubelet-client-current.pem"
OLDER = "/pki/kubelet-client-older.pem"
CLOCKS = {"right": 0, "ahead": OFF, "behind": -OFF}
# When the certificate begins and ends, from now: each between two of the clocks, or beyond all of them.
DATES = {
    "good": (-YEAR // 2, YEAR // 2),
    "begins": (OFF // 2, YEAR),
    "begins far": (3 * OFF, YEAR),
    "begun": (-OFF // 2, YEAR),
    "ends": (-YEAR, OFF // 2),
    "ended": (-YEAR, -OFF // 2),
    "ended long ago": (-YEAR, -3 * OFF),
    "ends soon": (-YEAR, 5 * DAY),
    "short and to come": (OFF // 3, OFF * 2 // 3),
    "short and past": (-OFF * 2 // 3, -OFF // 3),
    "short and now": (-OFF // 2, OFF // 2),
}
USAGES = ("client", "server", "issuer")
"""`issuer`: the leaf is good, and it is the authority behind it in its chain that is not."""
HELP = ("none", "good", "uncertain", "late", "over", "obstacle")
SUBJECTS = {"0": "CN=system:node:n,O=system:nodes", "1": "CN=kubernetes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One host; a clock is a number of seconds ahead of Prometheus', or None where it was not read."""

    number: int
    host: int
    judge: int | None
    reference: int | None
    dates: str
    usage: str
    help: str
    clocks: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        """Gather the clocks that were read."""
        every = {"prometheus": 0, "host": self.host, "apiserver": self.judge, "reference": self.reference}
        object.__setattr__(self, "clocks", {name: ahead for name, ahead in every.items() if ahead is not None})

    def __str__(self) -> str:
        """Tell it from all others, for who reads a failure."""
        said = ", ".join(f"{name} {ahead:+d}" for name, ahead in self.clocks.items())
        return f"host {self.number} ({said}; {self.dates}, {self.usage}, fallback {self.help})"

    @property
    def name(self) -> str:
        """The instance."""
        return f"n{self.number}"

    @property
    def entry(self) -> str:
        """The entry of the certificate in question."""
        return "1" if self.usage == "issuer" else "0"

    @property
    def begins(self) -> int:
        """NotBefore."""
        return NOW + DATES[self.dates][0]

    @property
    def ends(self) -> int:
        """NotAfter."""
        return NOW + DATES[self.dates][1]

    def lead(self, clock: str) -> int:
        """Return how long until it begins by *clock*; not above 0 where it has begun."""
        return self.begins - NOW - self.clocks[clock]

    def left(self, clock: str) -> int:
        """Return how long until it ends by *clock*; below 0 where it has ended."""
        return self.ends - NOW - self.clocks[clock]


def hosts() -> Iterator[Host]:
    """Yield the whole table."""
    unread = {"unread": None, **CLOCKS}
    every = product(CLOCKS.values(), unread.values(), unread.values(), DATES, USAGES, HELP)
    for number, (host, judge, reference, dates, usage, rescue) in enumerate(every):
        yield Host(number=number, host=host, judge=judge, reference=reference, dates=dates, usage=usage, help=rescue)


def series(host: Host) -> Iterator[dict[str, str]]:
    """Yield what Prometheus scrapes of *host*, which is a job of its own: it is no fleet with the others."""
    target = f'job="{host.number}/kubepki-exporter", instance="{host.name}"'
    unseen = NOW // MINUTE - SEEN

    def one(name: str, value: float, labels: str = "", step: int = 0) -> dict[str, str]:
        text = f"{name}{{{target}{labels and ', '}{labels}}}"
        return {"series": text, "values": f"_x{unseen} {value - step * SEEN:.0f}{step:+d}x{SEEN}"}

    yield one("up", 1)
    yield one("kubepki_host_time_seconds", NOW + host.host, step=MINUTE)
    for clock, ahead in (("apiserver", host.judge), ("ntp/a", host.reference)):
        if ahead is not None:
            yield one("kubepki_reference_clock_offset_seconds", ahead - host.host, f'clock="{clock}"')
    certificates = [(host.entry, "ca" if host.usage == "issuer" else host.usage, host.begins, host.ends)]
    if host.usage == "issuer":
        certificates.append(("0", "client", NOW - YEAR // 2, NOW + YEAR // 2))
    for entry, usage, begins, ends in certificates:
        leaf = f'path="{PATH}", entry="{entry}", standing="current", usage="{usage}"'
        yield one("kubepki_certificate_not_before_timestamp_seconds", begins, leaf)
        yield one("kubepki_certificate_not_after_timestamp_seconds", ends, leaf)
        yield one("kubepki_certificate_not_before_offset_seconds", begins - NOW - host.host, leaf, -MINUTE)
        yield one("kubepki_certificate_info", 1, f'{leaf}, subject="{SUBJECTS[entry]}"')
    yield from _help(host, one)


def _help(host: Host, one: Callable[..., dict[str, str]]) -> Iterator[dict[str, str]]:
    if host.help == "none":
        return
    path = f'path="{PATH}"'
    yield one("kubepki_fallback_certificates", 1, path)
    if host.help != "uncertain":
        yield one("kubepki_fallback_info", 1, f'{path}, fallback="{OLDER}"')
    begins = NOW + 3_600 if host.help == "late" else NOW - 10 * DAY
    ends = NOW - 3_600 if host.help == "over" else NOW + 10 * DAY
    yield one("kubepki_fallback_not_before_timestamp_seconds", begins, path)
    yield one("kubepki_fallback_not_after_timestamp_seconds", ends, path)
    if host.help == "obstacle":
        yield one("kubepki_fault", 1, f'{path}, standing="current", reason="not_symlink"')
