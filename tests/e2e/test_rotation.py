"""client-go's rotation on a running service: the scrapes in between never tell anything but the old or the new."""

import http.client
import threading
import time
from pathlib import Path
from typing import Self

from tests.support import pki
from tests.support.running import Scrape, parse_scrape, running
from tests.support.scenarios import CLIENT, stamp
from tests.support.waiting import wait_until

SWAPS = 20
NOT_BEFORE = "kubepki_certificate_not_before_timestamp_seconds"
FAMILIES = ("kubepki_fault", "kubepki_path_ok", "kubepki_symlink_info", NOT_BEFORE)
QUERY = "/metrics?" + "&".join(f"name[]={name}" for name in FAMILIES)


class Scraper:
    """Scrapes on a thread of its own until told to end."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.scrapes: list[Scrape] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)
        self._connection.close()

    def _run(self) -> None:
        while not self._stop.wait(0.002):
            self._connection.request("GET", QUERY)
            self.scrapes.append(parse_scrape(self._connection.getresponse().read().decode()))


def test_no_scrape_shows_a_rotation_half_done(tmp_path: Path) -> None:
    """Of many swaps a scrape shows no fault, no old target after the new one and never two values for the link."""
    directory = tmp_path / "pki"
    directory.mkdir()
    ca, key, start = pki.authority(), pki.new_key(), time.time() - pki.DAY
    stamps = [stamp(start + number) for number in range(SWAPS + 1)]
    targets = [str(directory / f"kubelet-client-{each}.pem") for each in stamps]
    pairs = [pki.client(ca, not_before=int(start) + number, key=key) for number in range(SWAPS + 1)]
    pki.install(directory, "kubelet-client", pairs[0].pem, stamps[0])
    link = str(directory / CLIENT)
    with running(f"--pki.directory={directory}", log=tmp_path / "log") as exporter:
        wait_until(lambda: exporter.get("/-/ready")[0] == http.client.OK, describe="readiness")
        with Scraper(exporter.port) as scraper:
            for number in range(1, SWAPS + 1):
                pki.install(directory, "kubelet-client", pairs[number].pem, stamps[number])
                wanted = float(int(start) + number)
                wait_until(
                    lambda wanted=wanted: exporter.scrape().value(NOT_BEFORE, path=link, entry="0") == wanted,  # type: ignore[misc]
                    timeout=2,
                    describe=f"the NotBefore of swap {number}",
                )
        assert exporter.scrape().value("kubepki_symlink_changes_total", path=link) == SWAPS
        assert exporter.scrape().value("kubepki_watch_missed_changes_total") == 0
    assert len(scraper.scrapes) > SWAPS
    seen = 0
    for scrape in scraper.scrapes:
        assert not scrape.reasons(), scrape.text
        assert scrape.value("kubepki_path_ok", path=link) == 1
        ((labels, _),) = scrape.find("kubepki_symlink_info", path=link)
        number = targets.index(labels["target"])
        assert number >= seen
        assert scrape.value(NOT_BEFORE, path=link) == float(int(start) + number)
        assert not scrape.find(NOT_BEFORE, path=labels["target"])
        seen = number
