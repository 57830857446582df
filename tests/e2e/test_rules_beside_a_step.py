"""A real exporter whose clock is stepped beside slow and contradicting references, and a real Prometheus.

At each stage the alerts, the journal and a look at the same servers in the same seconds say the same.
"""

import http.client
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kubepki.commands.look import look
from kubepki.judgement.evaluate import Code, evaluate
from tests.e2e.stepped_exporter import settings_of
from tests.grafana.prometheus import Prometheus
from tests.grafana.prometheus import running as running_prometheus
from tests.rules.clock_cases import with_prometheus
from tests.support import pki
from tests.support.https_servers import answer, serving_pair, tls_server
from tests.support.running import Exporter, running
from tests.support.scenarios import BACKDATED, CLIENT, LEAD, install
from tests.support.staged_exporter import staged_clock
from tests.support.waiting import wait_until

Find = Callable[[str], Path]
CODES = (
    Code.CERTIFICATE_FUTURE_DATED,
    Code.CERTIFICATE_NOT_YET_VALID,
    Code.HOST_CLOCK_BEHIND,
    Code.CERTIFICATE_EXPIRED,
)
DATED, INVALID = {Code.CERTIFICATE_FUTURE_DATED}, {Code.CERTIFICATE_NOT_YET_VALID}
AHEAD = LEAD + 60
SECONDS = 60.0


@dataclass
class Server:
    """One HTTPS server of the room: by how much it is ahead, and whether it answers in time."""

    ahead: float = 0.0
    answers: threading.Event = field(default_factory=threading.Event)

    def behave(self, tls: ssl.SSLSocket, over: threading.Event) -> None:
        """Answer, late where it is held."""
        while not (self.answers.wait(0.05) or over.is_set()):
            pass
        tls.sendall(answer(now=time.time() + self.ahead))


@dataclass(frozen=True, kw_only=True)
class Room:
    """The exporter, who is asked, and who asks it."""

    directory: Path
    servers: dict[str, Server]
    arguments: tuple[str, ...]
    exporter: Exporter
    prometheus: Prometheus

    @property
    def link(self) -> str:
        """The path that every finding and alert names."""
        return str(self.directory / CLIENT)

    def step(self, offset: float) -> None:
        """Set the host's clock to true time plus *offset*; each server is asked again at once."""
        fresh = self.directory.parent / "fresh"
        fresh.write_text(f"{offset}", encoding="utf-8")
        fresh.replace(self.directory.parent / "offset")

    def offset(self) -> float:
        """Return by how much the host's clock is ahead."""
        return float((self.directory.parent / "offset").read_text(encoding="utf-8"))

    def firing(self) -> set[Code]:
        """Return which alerts about the link fire."""
        found = self.prometheus.query(f'ALERTS{{alertstate="firing", path="{self.link}"}}')
        names = {series["metric"]["alertname"] for series in found}
        return {code for code in CODES if code.alert in names}

    def told(self) -> set[Code]:
        """Return what holds by the journal."""
        holds: set[Code] = set()
        for line in self.exporter.log().splitlines():
            found = re.search(r"finding=(\w+)", line)
            if found is None or f"path={self.link}" not in line:
                continue
            change = holds.discard if "finding cleared" in line else holds.add
            change(Code(found[1]))
        return holds & set(CODES)

    def seen(self, *, by_prometheus: bool) -> set[Code]:
        """Return what a look finds now, with Prometheus as one clock more or not."""
        found = look(settings_of(self.arguments), clock=staged_clock(self.offset))
        reading = with_prometheus(found.reading, time.time()) if by_prometheus else found.reading
        findings = evaluate(found.snapshot, reading)
        return {each.code for each in findings if each.path == self.link and each.code in CODES}

    def agree(self, expected: set[Code], *offsets: float | None, page: str = "") -> None:
        """Wait until all say what is *expected*, and the *page* this. *offsets* are what the servers say, in order."""
        names = ("apiserver", "https/near", "https/far")

        def read() -> bool:
            scrape = self.exporter.scrape()
            said = [scrape.value("kubepki_reference_clock_offset_seconds", clock=name) for name in names]
            wanted = [None if each is None else pytest.approx(each, abs=2.5) for each in offsets]
            return said == wanted

        wait_until(read, timeout=SECONDS, describe=f"the clocks to say {offsets}")
        assert self.seen(by_prometheus=True) == expected
        own = self.seen(by_prometheus=False)
        wait_until(lambda: self.told() == own, timeout=SECONDS, describe=f"the journal to say {own}")
        wait_until(lambda: self.firing() == expected, timeout=SECONDS, describe=f"the rules to say {expected}")
        (code,) = expected
        said = wait_until(
            lambda: next((text for text in [self.page(code)] if page in text), ""),
            timeout=SECONDS,
            describe=f"the page to say: {page}",
        )
        assert "kubepki-exporter rollback --apply --at" in said

    def page(self, code: Code) -> str:
        """Return the description of the alert that fires."""
        return self.prometheus.description(code.alert, self.link)


@pytest.fixture
def room(program: Find, tmp_path: Path) -> Iterator[Room]:
    """Yield a room that is ahead, the power being back, with a certificate of that night."""
    ca, now = pki.authority(), time.time()
    directory = tmp_path / "pki"
    for issued in (now - 100 * pki.DAY, now + LEAD):
        install(directory, pki.client(ca, not_before=issued - BACKDATED), issued)
    (tmp_path / "ca.pem").write_bytes(ca.certificate_pem)
    (tmp_path / "offset").write_text(f"{AHEAD}", encoding="utf-8")
    servers = {"apiserver": Server(ahead=AHEAD), "near": Server(), "far": Server()}
    pair = serving_pair(ca, not_before=now - pki.YEAR / 2, not_after=now + pki.YEAR / 2)
    with ExitStack() as stack:
        ports = {}
        for name, server in servers.items():
            server.answers.set()
            (tmp_path / name).mkdir()
            ports[name] = stack.enter_context(tls_server(tmp_path / name, pair, server.behave))
        link = str(directory / CLIENT)
        user = pki.User(name="system:node:node30", certificate=link, key=link)
        cluster = pki.Cluster(ca=ca.certificate_pem, server=f"https://127.0.0.1:{ports['apiserver']}")
        (tmp_path / "kubelet.conf").write_bytes(pki.kubeconfig(clusters=[cluster], users=[user]))
        others = [f"{name}=https://127.0.0.1:{ports[name]}/" for name in ("near", "far")]
        words = [str(directory), str(tmp_path / "offset"), str(tmp_path / "kubelet.conf"), *others]
        module = "tests.support.staged_exporter"
        exporter = stack.enter_context(running(*words, log=tmp_path / "log", module=module))
        wait_until(lambda: exporter.get("/-/ready")[0] == http.client.OK, timeout=SECONDS, describe="readiness")
        prometheus = stack.enter_context(
            running_prometheus(program("prometheus"), tmp_path / "prometheus", [f"127.0.0.1:{exporter.port}"])
        )
        yield Room(
            directory=directory,
            servers=servers,
            arguments=(words[0], *words[2:]),
            exporter=exporter,
            prometheus=prometheus,
        )


def test_rules_journal_and_a_look_say_the_same(room: Room) -> None:
    """Ahead, corrected beside a silent API server, beside one that is ahead, beside references that disagree."""
    api_server, far = room.servers["apiserver"], room.servers["far"]
    room.agree(DATED, 0, -AHEAD, -AHEAD, page="works only as long as that one is. Repair it before any")
    began = time.time()

    api_server.answers.clear()
    room.step(0)
    room.agree(
        INVALID,
        None,
        0,
        0,
        page="The API server's clock was not read: whether it rejects the certificate now is not known.",
    )
    journal = room.exporter.log()
    assert "stepped back" in journal
    assert "rejects it now" not in journal
    assert "host_clock_behind" not in journal

    api_server.answers.set()
    room.step(0.5)
    room.agree(
        INVALID,
        AHEAD,
        0,
        0,
        page="The API server's clock does not agree: it may accept the certificate until that clock is corrected.",
    )

    far.ahead = AHEAD
    room.step(-0.5)
    room.agree(INVALID, AHEAD, 0, AHEAD)

    room.step(AHEAD)
    room.agree(DATED, 0, -AHEAD, 0)

    api_server.ahead = 0.0
    room.step(0)
    room.agree(
        INVALID,
        0,
        0,
        AHEAD,
        page="The API server's own clock agrees: whoever presents this certificate is rejected now (401).",
    )
    critical = "|".join(code.alert for code in DATED | INVALID)
    firing = f'count(ALERTS{{alertname=~"{critical}", alertstate="firing"}}) or vector(0)'
    least = room.prometheus.number(f"min_over_time(({firing})[{int(time.time() - began)}s:1s])")
    assert least == 1, "there was a moment without a page, or with two"
