"""One host's day: what it exports each minute, healthy unless it is given a fault.

The truth is Prometheus' time; a day begins at 0. All that differs from host to host comes from its random numbers.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

from tests.rules.simulation.series import Value, notation

MINUTE, HOUR, DAY, YEAR = 60, 3_600, 86_400, 31_536_000
BACKDATED = 300
"""What kube-controller-manager takes off NotBefore."""
CLOCK_ERROR = 20
"""How far a clock that is kept by NTP may be off, in seconds, to either side."""
CLIENT, SERVING, OLD = (
    f"/var/lib/kubelet/pki/kubelet{name}" for name in ("-client-current.pem", ".crt", "-client-1.pem")
)
CA = "/etc/kubernetes/pki/ca.crt"
HOURLY = 0.05
"""The share of hosts with certificates of an hour; those of all others last a year."""
RENEWED = 0.25
"""The share of certificates of a year that are renewed on this day: far more than in a real fleet."""
_APART = 15
"""Minutes between two runs of missed polls, at least."""


@dataclass(kw_only=True)
class Host:
    """A host, its certificate and what befalls it on this day."""

    name: str
    minutes: int
    random: Random
    fault: str = ""
    events: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Draw the day."""
        draw = self.random
        self.life = HOUR if draw.random() < HOURLY or self.fault == "never renewed" else YEAR
        self.error = draw.randint(-CLOCK_ERROR, CLOCK_ERROR)
        self.api_error = draw.randint(-CLOCK_ERROR, CLOCK_ERROR)
        self.missing = self._lost_scrapes()
        self.booted = -draw.randint(DAY, 90 * DAY)
        self.unsynchronized: set[int] = set()
        if self.fault not in {"down", "unsynchronized"} and draw.random() < 0.1:
            self._reboot(draw.randrange(self.minutes))
        self.gone = draw.randrange(self.minutes) if not self.fault and draw.random() < 0.03 else None
        self.events["host taken out"] += self.gone is not None
        self.unread = self._unread()
        self.leaves = list(self._rotations())
        self.noticed = draw.randrange(self.minutes) if draw.random() < 0.25 else self.minutes

    def _lost_scrapes(self) -> set[int]:
        """Return the minutes without a scrape: single ones, short runs, an exporter that is started anew.

        A good scrape lies between two runs: five minutes without one are no healthy host's.
        """
        lost: set[int] = set()
        for minute in range(self.minutes):
            if self.random.random() < 0.001 and minute - 1 not in lost and minute not in lost:
                lost.update(range(minute, minute + self.random.choice((1, 1, 1, 2, 3))))
                self.events["scrapes lost or exporter restarted"] += 1
        return lost

    def _reboot(self, start: int) -> None:
        self.events["reboot"] += 1
        back = start + self.random.randint(2, 4)
        self.missing.difference_update(range(start - 3, back + 3))
        self.missing.update(range(start, back))
        self.booted = back * MINUTE
        self.unsynchronized.update(range(back, back + self.random.randint(1, 4)))

    def _unread(self) -> set[int]:
        """Return the minutes in which the API server did not answer its poll.

        It answers between two runs: a quarter of an hour without an answer is no healthy host's.
        """
        unread: set[int] = set()
        for _ in range(self.random.randint(0, 1 + self.minutes // 1_200)):
            start, length = self.random.randrange(self.minutes), self.random.randint(1, 10)
            if unread.isdisjoint(range(start - _APART, start + length + _APART)):
                unread.update(range(start, start + length))
                self.events["polls of the API server missed"] += 1
        return unread

    def _rotations(self) -> list[tuple[int, int, int, int]]:
        """Return from which minute which NotBefore and NotAfter hold: renewed at 70 to 90 % by the kubelet's clock."""
        draw, total = self.random, self.life + BACKDATED
        not_before, share = -draw.randint(0, int(total * 0.69)), draw.uniform(0.7, 0.9)
        if self.life == YEAR and (self.fault == "future" or draw.random() < RENEWED):
            share = draw.uniform(0.7, 0.9)
            not_before = draw.randrange(self.minutes) * MINUTE - int(total * share)
        found = [(0, not_before, not_before + total, not_before + BACKDATED - CLOCK_ERROR)]
        lead = 7_860 if self.fault == "future" else draw.randint(-CLOCK_ERROR, CLOCK_ERROR)
        while self.fault != "never renewed":
            moment = max(0.0, found[-1][1] + total * share - self.error)
            minute = int(moment // MINUTE) + 1
            if minute >= self.minutes:
                break
            not_before = int(moment) + lead - BACKDATED
            found.append((minute, not_before, not_before + total, int(moment) + self.error))
            share = draw.uniform(0.7, 0.9)
            self.events["rotation"] += 1
        return found

    def leaf(self, minute: int) -> tuple[int, int, int, int]:
        """Return the certificate at *minute*: since when, NotBefore, NotAfter, and when it was written by the host."""
        return max(each for each in self.leaves if each[0] <= minute)

    def clock(self, minute: int) -> int:
        """Return what the host's clock says."""
        wrong = 600 if self.fault == "clock ahead" and minute > 10 else 0
        return minute * MINUTE + self.error + wrong

    def moments(self) -> set[int]:
        """Return the minutes at which something other than the time begins or ends."""
        found = {self.noticed, *(leaf[0] for leaf in self.leaves), self.booted // MINUTE}
        found.update(_edges(self.missing), _edges(self.unread), _edges(self.unsynchronized))
        # An offset is kept for five minutes of missed polls.
        found.update(minute + 5 for minute in _edges(self.unread))
        found.update({10, 11} if self.fault else ())
        found.update({self.gone} if self.gone is not None else ())
        return {minute for minute in found if 0 <= minute < self.minutes}

    def series(self, begin: int = 0, length: int | None = None, name: str = "") -> Iterator[dict[str, str]]:
        """Yield all series of *length* minutes from *begin*, which becomes time 0, of a host that is called *name*."""
        # A fault of a cluster is told where half of its hosts see it.
        name = name or self.name
        target = {"job": "kubepki-exporter", "instance": name, "cluster": name if self.fault else "a"}
        minutes = range(begin, begin + (length or self.minutes))
        up = [self._if_there(minute, 0.0 if minute in self.missing else 1.0) for minute in minutes]
        # Behind its part the host is gone: what was lost in its last minute is not lost for five more.
        yield _series("up", target, [*up, None])
        for (metric, labels), value in self._exported().items():
            since = begin * MINUTE if metric.endswith(("_timestamp_seconds", "_host_time_seconds")) else 0
            values = [
                None
                if minute in self.missing or (said := self._if_there(minute, value(minute))) is None
                else said - since
                for minute in minutes
            ]
            yield _series(metric, {**target, **dict(labels)}, [*values, None])

    def _if_there(self, minute: int, value: Value) -> Value:
        if self.gone is not None and minute >= self.gone:
            return None
        if self.fault == "down" and minute > 10 and value is not None:
            return 0.0 if value == 1.0 else value
        return value

    def _exported(self) -> Mapping[tuple[str, tuple[tuple[str, str], ...]], Callable[[int], Value]]:
        """Return what each series says at a minute."""
        found: dict[tuple[str, tuple[tuple[str, str], ...]], Callable[[int], Value]] = {}

        def export(name: str, value: Callable[[int], Value], **labels: str) -> None:
            found[f"kubepki_{name}", tuple(labels.items())] = value

        after = 10
        export("host_time_seconds", self.clock)
        self._certificate(export, CLIENT, "client", self.leaf)
        self._certificate(export, SERVING, "self_signed", lambda _: (0, -30 * DAY, 335 * DAY))
        self._certificate(export, CA, "ca", lambda _: (0, -YEAR, 9 * YEAR))
        self._certificate(export, OLD, "client", lambda _: (0, -2 * YEAR, -YEAR), standing="superseded")
        export(
            "fault",
            lambda _: 1.0,
            path="/var/lib/kubelet/pki/kubelet-client-2.pem",
            standing="superseded",
            reason="empty",
        )
        export("path_ok", lambda _: 1.0, path=CLIENT, standing="current")
        empty = self.fault == "empty"
        export(
            "fault", lambda now: 1.0 if empty and now > after else None, path=CLIENT, standing="current", reason="empty"
        )
        export("symlink_target_age_seconds", lambda now: self.clock(now) - self.leaf(now)[3], path=CLIENT)
        export("symlink_target_offset_seconds", lambda now: self.leaf(now)[3] - self.clock(now), path=CLIENT)
        export("symlink_target_mtime_timestamp_seconds", lambda now: self.leaf(now)[3], path=CLIENT)
        export("rotation_clock_synchronized", self._rotation_synchronized, path=CLIENT)
        export("fallback_certificates", lambda _: 1.0, path=CLIENT)
        export("host_clock_synchronized", lambda now: float(self._synchronized(now)))
        export("host_clock_last_synchronized_timestamp_seconds", self._last_synchronized)
        stepped = self.booted >= 0
        size = -600.0 if self.fault == "stepped" else 1.0
        since = 10 if self.fault == "stepped" else self.booted // MINUTE
        has = stepped or self.fault == "stepped"
        export("host_clock_last_step_seconds", lambda now: size if has and now >= since else None)
        export(
            "host_clock_last_step_timestamp_seconds",
            lambda now: since * MINUTE + self.error if has and now >= since else None,
        )
        ahead = 7_860 if self.fault == "api server ahead" else 0
        export(
            "reference_clock_offset_seconds",
            lambda now: self.api_error - self.error + ahead if self._kept(now) else None,
            clock="apiserver",
        )
        down = self.fault == "reference down"
        export(
            "reference_clock_up",
            lambda now: 0.0 if now in self.unread or (down and now > after) else 1.0,
            clock="apiserver",
        )
        stale = self.fault == "scan stale"
        export("last_scan_timestamp_seconds", lambda now: self.clock(min(now, after) if stale else now) - 20)
        export("watch_up", lambda _: 0.0 if self.fault == "watch" else 1.0, path="/var/lib/kubelet/pki")
        export("watch_missed_changes_total", lambda now: float(now > self.noticed))
        export("config_last_reload_successful", lambda _: 0.0 if self.fault == "reload" else 1.0)
        export("certificates_watched", lambda _: 0.0 if self.fault == "nothing" else 3.0, standing="current")
        return found

    def _certificate(
        self,
        export: Callable[..., None],
        path: str,
        usage: str,
        leaf: Callable[[int], tuple[int, ...]],
        standing: str = "current",
    ) -> None:
        if self.fault == "nothing" and standing == "current":
            return
        labels = {"path": path, "entry": "0", "standing": standing, "usage": usage}
        if self.fault == "label taken":
            labels = {**labels, "standing": "worker", "exported_standing": standing}
        export("certificate_not_before_timestamp_seconds", lambda now: leaf(now)[1], **labels)
        export("certificate_not_after_timestamp_seconds", lambda now: leaf(now)[2], **labels)
        export("certificate_not_before_offset_seconds", lambda now: leaf(now)[1] - self.clock(now), **labels)

    def _synchronized(self, minute: int) -> bool:
        lost = self.fault == "unsynchronized" and minute > 10
        return minute not in self.unsynchronized and not lost

    def _last_synchronized(self, minute: int) -> Value:
        last = next((now for now in range(minute, -1, -1) if self._synchronized(now)), -1)
        return self.clock(last)

    def _rotation_synchronized(self, minute: int) -> Value:
        rotated = self.leaf(minute)[0]
        return float(self._synchronized(rotated)) if rotated else None

    def _kept(self, minute: int) -> bool:
        """Whether the API server answered within five minutes."""
        return any(now not in self.unread for now in range(minute - 5, minute + 1))


def _edges(minutes: Collection[int]) -> set[int]:
    """Return where runs of *minutes* begin, and what follows their ends."""
    return {each for each in minutes if each - 1 not in minutes} | {
        each + 1 for each in minutes if each + 1 not in minutes
    }


def _series(name: str, labels: Mapping[str, str], values: list[Value]) -> dict[str, str]:
    text = ", ".join(f'{key}="{value}"' for key, value in labels.items())
    return {"series": f"{name}{{{text}}}", "values": notation(values)}
