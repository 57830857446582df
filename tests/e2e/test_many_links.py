"""Links made and taken away by the thousand: neither faults nor lines of the log without end."""

from pathlib import Path

from kubepki.pki.limits import MAX_REMEMBERED_LINKS
from tests.support import pki
from tests.support.running import running
from tests.support.scenarios import CLIENT
from tests.support.waiting import wait_until

LINKS = 5_000
MAX_LINES = 500


def test_five_thousand_links_come_and_go(tmp_path: Path) -> None:
    """The kubelet's own link stays expected; of the others no more are remembered than a host can have."""
    directory = tmp_path / "pki"
    directory.mkdir()
    pki.install(directory, "kubelet-client", pki.client(pki.authority()).pem, "2026-01-01-00-00-00")
    current = directory / CLIENT
    target = current.resolve()
    with running(f"--pki.directory={directory}", "--scan.interval=1s", log=tmp_path / "log") as exporter:
        wait_until(lambda: exporter.get("/-/ready")[0] == 200, timeout=20)
        links = [directory / f"{number}-current.pem" for number in range(LINKS)]
        for link in links:
            link.symlink_to(target.name)
        seen = f'path="{links[-1]}"'
        wait_until(lambda: seen in exporter.get()[1], timeout=30, describe="the last link")
        for link in links:
            link.unlink()
        current.unlink()
        wait_until(
            lambda: exporter.scrape().reasons(current) == {"missing"},
            timeout=30,
            describe="the fault of the kubelet's own link",
        )
        wait_until(lambda: seen not in exporter.get()[1], timeout=30, describe="the end of the last link")
        assert len(exporter.scrape().find("kubepki_fault", reason="missing")) <= MAX_REMEMBERED_LINKS
        lines = exporter.log().splitlines()
        assert len(lines) < MAX_LINES
        assert any("-current.pem links" in line for line in lines)
