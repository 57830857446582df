"""A room with Prometheus and Alertmanager beside it, whose clocks are right: what is typed, and what must be seen.

Nothing that is typed is written here: it is read from the page and from what our own program printed.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from tests.grafana.prometheus import Prometheus
from tests.grafana.prometheus import running as running_prometheus
from tests.kubernetes.room import LINK, Room, true_time
from tests.rules.alertmanager import Alertmanager
from tests.rules.alertmanager import running as running_alertmanager
from tests.support.told import Told
from tests.support.waiting import wait_until

PAGE_SECONDS = 60.0
_PRINTED = re.compile(r"^ {4,}(?:sudo )?((?:kubepki-exporter|kubectl|kubeadm|systemctl|mv|sed) .*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """The programs beside Kubernetes' own."""

    prometheus: Path
    alertmanager: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A room with Prometheus and Alertmanager beside it, whose clocks are right, and what was told so far."""

    room: Room
    told: Told
    pager: Alertmanager
    prometheus: Prometheus

    def page(self, *words: str) -> str:
        """Return the page with all *words*, once it has come."""
        return wait_until(
            lambda: self.pager.pager.told(*words) or "",
            timeout=PAGE_SECONDS,
            describe=f"a page with {', '.join(words)} among {self.pager.pager.slack}",
        )

    def checked(self, status: int, *words: str, at: float | None = None) -> str:
        """Type `check`, which must end with *status* and say *words*; return what it said."""
        given = "" if at is None else f" --at={stamp(at)}"
        return self.typed(f"kubepki-exporter check{given}", status, *words)

    def typed(self, line: str, status: int, *words: str) -> str:
        """Type *line*, which must end with *status* and say *words*; return what it said."""
        ended, said = self.room.type(line)
        flat = " ".join(said.split()).lower()
        missing = [word for word in words if word.lower() not in flat]
        assert (ended, missing) == (status, []), f"{line}: status {ended}, without {missing}\n{said}"
        return said

    def unauthorized(self, since: int) -> int:
        """Return how often the kubelet was told Unauthorized in its log behind *since* bytes."""
        return self.room.kubelet.said("Unauthorized", since=since)

    def accepted_on(self) -> None:
        """Wait for more signs of life, none of which may be refused."""
        before = self.room.kubelet.told()
        for _ in range(3):
            self.room.await_ready()
        refused = self.unauthorized(before)
        assert refused == 0, f"the kubelet was refused {refused} times"

    def renewed_well(self, old: str) -> None:
        """Wait for the rotation away from *old*, which must be signed by a right clock, and for a Ready node."""
        self.room.rotated(old)
        ahead = not_before() - true_time()
        assert ahead <= 0, f"the new certificate begins in {ahead:.0f} s"
        self.room.await_ready()


def stamp(moment: float) -> str:
    """Return *moment* as a person types it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def not_before() -> float:
    """Return NotBefore of the certificate that the client link leads to."""
    return x509.load_pem_x509_certificate(LINK.read_bytes()).not_valid_before_utc.timestamp()


def commands_in(text: str) -> list[str]:
    """Return the commands that *text* prints to be typed, in its order."""
    return [found[1].strip() for found in _PRINTED.finditer(text)]


@contextmanager
def staged(room: Room, told: Told, tools: Tools, work: Path) -> Iterator[Stage]:
    """Yield *room*, founded and watched."""
    with (
        room.powered(),
        running_alertmanager(tools.alertmanager, work / "alertmanager") as pager,
        running_prometheus(
            tools.prometheus,
            work / "prometheus",
            [f"127.0.0.1:{room.exporter.port}"],
            alertmanagers=[pager.address],
        ) as prometheus,
    ):
        yield Stage(room=room, told=told, pager=pager, prometheus=prometheus)
