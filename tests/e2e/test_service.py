"""The real process on a real directory, from start to end."""

import http.client
import shutil
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import pki
from tests.support.pki import Step
from tests.support.running import Exporter, Scrape, running
from tests.support.scenarios import CLIENT, LEAD, install, stamp, write
from tests.support.waiting import wait_until

NOT_BEFORE = "kubepki_certificate_not_before_timestamp_seconds"
OFFSET = "kubepki_certificate_not_before_offset_seconds"
PATH_OK = "kubepki_path_ok"
READY = http.client.OK
CLOSE = 1.0


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return a healthy node's directory."""
    made = tmp_path / "pki"
    now = time.time()
    ca = pki.authority(not_before=now - pki.YEAR)
    for age in (300 * pki.DAY, 40 * pki.DAY):
        install(made, pki.client(ca, not_before=now - age), now - age)
    return made


def scrape_when(exporter: Exporter, condition: Callable[[Scrape], object], *, describe: str) -> Scrape:
    """Return the first scrape that meets *condition*."""

    def look() -> Scrape | None:
        scrape = exporter.scrape()
        return scrape if condition(scrape) else None

    found = wait_until(look, describe=describe)
    assert found is not None
    return found


def await_ready(exporter: Exporter) -> None:
    wait_until(lambda: exporter.get("/-/ready")[0] == READY, describe="readiness")


def future_pair(lead: float = LEAD, not_before: int | None = None) -> pki.Pair:
    begins = int(time.time() + lead) if not_before is None else not_before
    return pki.client(pki.authority(), not_before=begins)


def assert_offset(scrape: Scrape, link: str, not_before: float, *, since: float) -> None:
    """Assert that NotBefore is told as an offset to a host time that passed between *since* and now."""
    host = scrape.value("kubepki_host_time_seconds")
    assert host is not None
    assert since <= host <= time.time()
    assert scrape.value(NOT_BEFORE, path=link) == not_before
    # One reading gives both, so nothing passes between them but the rounding of a float.
    assert scrape.value(OFFSET, path=link) == pytest.approx(not_before - host, abs=1e-6)


def test_a_healthy_directory_is_served(directory: Path, tmp_path: Path) -> None:
    """The first scrape after readiness tells the link, its target, its certificate and its fallback."""
    with running(f"--pki.directory={directory}", log=tmp_path / "log") as exporter:
        await_ready(exporter)
        since = time.time()
        scrape = exporter.scrape()
    link = str(directory / CLIENT)
    assert scrape.value(PATH_OK, path=link, standing="current") == 1
    assert scrape.value("kubepki_certificate_key_match", path=link) == 1
    ((labels, _),) = scrape.find("kubepki_symlink_info", path=link)
    assert labels["target"] == str((directory / CLIENT).resolve())
    assert scrape.value("kubepki_fallback_certificates", path=link) == 1
    assert scrape.value("kubepki_watch_up", path=str(directory)) == 1
    assert not scrape.reasons()
    assert_offset(scrape, link, int((directory / CLIENT).stat().st_mtime), since=since)


def test_a_future_dated_certificate_is_seen_after_clientgo_swapped_the_link(directory: Path, tmp_path: Path) -> None:
    """At each step of the rotation a scrape is healthy; after the rename it tells the new NotBefore."""
    link = str(directory / CLIENT)
    not_before = int(time.time() + LEAD)
    pair = future_pair(not_before=not_before)
    with running(f"--pki.directory={directory}", log=tmp_path / "log") as exporter:
        await_ready(exporter)
        since = time.time()
        before = exporter.scrape().value(NOT_BEFORE, path=link)
        for step in pki.rotate(directory, "kubelet-client", pair.pem, stamp(time.time())):
            scrape = exporter.scrape()
            assert not scrape.reasons(), (step, scrape.text)
            assert step in {Step.RENAMED, Step.CLOSED} or scrape.value(NOT_BEFORE, path=link) == before
        scrape = scrape_when(
            exporter, lambda seen: seen.value(NOT_BEFORE, path=link) != before, describe="the new NotBefore"
        )
    assert_offset(scrape, link, not_before, since=since)
    assert scrape.value("kubepki_symlink_changes_total", path=link) == 1
    assert scrape.value("kubepki_fallback_certificates", path=link) == 2


def test_the_journal_tells_a_rotation_to_a_future_dated_certificate_once(directory: Path, tmp_path: Path) -> None:
    """One line when the link moves and one for the finding, however often it is scraped."""
    with running(f"--pki.directory={directory}", log=tmp_path / "log") as exporter:
        await_ready(exporter)
        pki.install(directory, "kubelet-client", future_pair().pem, stamp(time.time()))
        wait_until(lambda: "certificate_not_yet_valid" in exporter.log(), describe="the finding in the log")
        for _ in range(5):
            exporter.scrape()
        assert exporter.end() == 0
        log = exporter.log()
    assert log.count('msg="link moved"') == 1
    assert log.count("finding=certificate_not_yet_valid") == 1


def test_a_link_that_stays_away_is_missing_after_a_second(directory: Path, tmp_path: Path) -> None:
    """For one second the old state stands; then the path is `missing`, and good again when it is back."""
    link = directory / CLIENT
    target = link.resolve()
    with running(f"--pki.directory={directory}", log=tmp_path / "log") as exporter:
        await_ready(exporter)
        removed = time.monotonic()
        link.unlink()
        held = exporter.scrape()
        assert time.monotonic() - removed > 1 or not held.reasons()
        scrape_when(exporter, lambda seen: seen.reasons(link) == {"missing"}, describe="missing")
        assert time.monotonic() - removed >= CLOSE
        assert exporter.scrape().value(PATH_OK, path=str(link)) == 0
        link.symlink_to(target)
        scrape_when(exporter, lambda seen: not seen.reasons(), describe="no fault")


def test_a_link_seen_before_a_restart_is_expected_until_a_reload(directory: Path, tmp_path: Path) -> None:
    """The state file remembers the link: without it the first scan says `missing`; SIGHUP forgets it."""
    link = directory / CLIENT
    arguments = (f"--pki.directory={directory}", f"--state.directory={tmp_path}")
    with running(*arguments, log=tmp_path / "log") as exporter:
        await_ready(exporter)
        assert exporter.end() == 0
    link.unlink()
    with running(*arguments, log=tmp_path / "log") as exporter:
        await_ready(exporter)
        assert exporter.scrape().reasons(link) == {"missing"}
        exporter.signal(signal.SIGHUP)
        scrape_when(exporter, lambda seen: not seen.reasons(), describe="the link to be forgotten")


def test_a_change_without_an_event_is_found_and_counted(directory: Path, tmp_path: Path) -> None:
    """A write by another name of the file makes no event here: only the periodic scan can see it."""
    other = tmp_path / "elsewhere" / "hard-link"
    other.parent.mkdir()
    other.hardlink_to((directory / CLIENT).resolve())
    missed = "kubepki_watch_missed_changes_total"
    with running(f"--pki.directory={directory}", "--scan.interval=500ms", log=tmp_path / "log") as exporter:
        await_ready(exporter)
        other.write_bytes(b"nothing")
        scrape_when(exporter, lambda seen: seen.reasons() == {"unparsable"}, describe="the damage")
        scrape = scrape_when(exporter, lambda seen: seen.value(missed), describe="the missed change")
        assert scrape.value(missed) == 1


def test_a_directory_that_comes_later_goes_and_comes_back(tmp_path: Path) -> None:
    """An absent directory is `missing` and its certificates are seen as soon as it is there, twice."""
    directory = tmp_path / "below" / "pki"
    pair = pki.client(pki.authority(), not_before=time.time() - pki.DAY)
    with running(f"--pki.directory={directory}", log=tmp_path / "log") as exporter:
        await_ready(exporter)
        assert exporter.scrape().reasons(directory) == {"missing"}
        for _ in range(2):
            directory.mkdir(parents=True)
            pki.install(directory, "kubelet-client", pair.pem, "2026-01-01-00-00-00")
            scrape_when(
                exporter,
                lambda seen: seen.value(NOT_BEFORE, path=str(directory / CLIENT)) and not seen.reasons(),
                describe="the certificate",
            )
            shutil.rmtree(directory.parent)
            scrape_when(exporter, lambda seen: "missing" in seen.reasons(directory), describe="missing")


def test_a_kubeconfig_makes_its_references_expected(directory: Path, tmp_path: Path) -> None:
    """A file that a kubeconfig names is `missing` until it is there, and told once, under its own path."""
    wanted = tmp_path / "client.pem"
    pair = pki.client(pki.authority(), "node31", not_before=time.time() - pki.DAY)
    config = write(tmp_path / "kubelet.conf", pki.kubeconfig([pki.User(certificate="client.pem", key="client.pem")]))
    arguments = (f"--pki.directory={directory}", f"--pki.kubeconfig={config}", "--no-clock.apiserver")
    with running(*arguments, log=tmp_path / "log") as exporter:
        await_ready(exporter)
        assert exporter.scrape().reasons(wanted) == {"missing"}
        wanted.write_bytes(pair.pem)
        scrape = scrape_when(exporter, lambda seen: not seen.reasons(), describe="the referenced file")
        assert len(scrape.find(NOT_BEFORE, path=str(wanted))) == 1
        assert scrape.value(PATH_OK, path=str(config)) == 1
        assert not scrape.find(NOT_BEFORE, path=str(config))


def test_a_reload_takes_a_good_configuration_and_refuses_a_bad_one(directory: Path, tmp_path: Path) -> None:
    """SIGHUP with a bad file leaves the old settings in force and says so; with a good one it looks elsewhere."""
    other = tmp_path / "other"
    install(other, pki.client(pki.authority(), not_before=time.time() - pki.DAY), time.time() - pki.DAY)
    config = tmp_path / "config.yml"
    config.write_text(f"pki:\n  directories: [{directory}]\n")
    successful = "kubepki_config_last_reload_successful"
    with running(f"--config.file={config}", log=tmp_path / "log") as exporter:
        await_ready(exporter)
        config.write_text(f"pki:\n  directorys: [{other}]\n")
        exporter.signal(signal.SIGHUP)
        scrape = scrape_when(exporter, lambda seen: seen.value(successful) == 0, describe="the refusal")
        assert scrape.find(NOT_BEFORE, path=str(directory / CLIENT))
        assert "directorys" in exporter.log()
        config.write_text(f"pki:\n  directories: [{other}]\n")
        exporter.signal(signal.SIGHUP)
        scrape = scrape_when(
            exporter, lambda seen: seen.find(NOT_BEFORE, path=str(other / CLIENT)), describe="the other directory"
        )
        assert scrape.value(successful) == 1
        assert not scrape.find(NOT_BEFORE, path=str(directory / CLIENT))
        assert not scrape.reasons()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_within_a_second(number: signal.Signals, directory: Path, tmp_path: Path) -> None:
    """A signal ends the process with status 0 within a second, also with a client connected."""
    with running(f"--pki.directory={directory}", log=tmp_path / "log") as exporter:
        await_ready(exporter)
        with socket.create_connection(("127.0.0.1", exporter.port)) as silent:
            silent.sendall(b"GET /metrics HTTP/1.1\r\n")
            started = time.monotonic()
            exporter.signal(number)
            assert exporter.process.wait(5) == 0
            assert time.monotonic() - started < CLOSE


def test_systemd_is_told_the_truth(directory: Path, tmp_path: Path) -> None:
    """READY after the first scan, the watchdog's pings, RELOADING and READY again, STOPPING at the end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(10)

        def told(prefix: str) -> str:
            while not (message := manager.recv(4096).decode()).startswith(prefix):
                assert message.startswith("WATCHDOG=1"), message
            return message

        variables = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "600000"}
        with running(f"--pki.directory={directory}", log=tmp_path / "log", variables=variables) as exporter:
            told("READY=1")
            assert exporter.get("/-/ready")[0] == READY
            for _ in range(3):
                told("WATCHDOG=1")
            exporter.signal(signal.SIGHUP)
            assert "MONOTONIC_USEC=" in told("RELOADING=1")
            told("READY=1")
            exporter.signal(signal.SIGTERM)
            told("STOPPING=1")


def test_a_step_of_the_clock_is_counted_once_and_told_in_the_next_scrape(tmp_path: Path) -> None:
    """The wall clock goes back by 7,860 s: one step of that size, and the certificate is in the future at once."""
    directory = tmp_path / "pki"
    offset = tmp_path / "offset"
    offset.write_text(str(LEAD))
    now = time.time()
    install(directory, pki.client(pki.authority(), not_before=now - pki.DAY), now - pki.DAY)
    not_before = int(now + LEAD - 600)
    install(directory, future_pair(not_before=not_before), now + LEAD)
    link = str(directory / CLIENT)
    arguments = (str(directory), str(offset))
    with running(*arguments, log=tmp_path / "log", module="tests.e2e.stepped_exporter") as exporter:
        await_ready(exporter)
        before = exporter.scrape()
        ahead = before.value(OFFSET, path=link)
        assert ahead is not None
        assert ahead < 0
        assert before.value("kubepki_host_clock_steps_total") == 0
        assert before.value("kubepki_host_clock_last_step_seconds") is None
        (tmp_path / "new").write_text("0")
        since = time.time()
        (tmp_path / "new").replace(offset)
        after = exporter.scrape()
        assert_offset(after, link, not_before, since=since)
        assert after.value("kubepki_host_clock_steps_total") == 1
        assert after.value("kubepki_host_clock_last_step_seconds") == pytest.approx(-LEAD, abs=1)
        wait_until(lambda: "was stepped back by 2 h 11 min" in exporter.log(), describe="the step in the log")
        scans = exporter.scrape().value("kubepki_scans_total") or 0
        install(directory, future_pair(LEAD), now + LEAD + 1)
        last = scrape_when(
            exporter, lambda seen: (seen.value("kubepki_scans_total") or 0) > scans, describe="another scan"
        )
        assert last.value("kubepki_host_clock_steps_total") == 1
        assert exporter.end() == 0
        log = exporter.log()
    assert log.count("stepped back") == 1
    assert "which begins at" in log
