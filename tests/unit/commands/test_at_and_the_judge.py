"""With `--at` the API server is still asked: what it does with a file goes by its own clock, not by the given time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from kubepki.settings import ClockSettings, Settings
from tests.support import pki
from tests.support.commands import run_check, run_rollback, settings_of
from tests.support.https_servers import answer, serving_pair, tls_server
from tests.support.scenarios import BACKDATED, CLIENT, LEAD, NOW, install, looking_at, stamp, write

OLD = 20 * pki.DAY
FILE = f"kubelet-client-{stamp(NOW - OLD)}.pem"


@contextmanager
def node(root: Path, *, judge: float) -> Iterator[Settings]:
    """Yield a node with an older file of 100 days and one of the future, whose API server's clock is off by *judge*."""
    directory, ca = root / "pki", pki.authority()
    install(directory, pki.client(ca, not_before=NOW - OLD, lifetime=100 * pki.DAY), NOW - OLD)
    install(directory, pki.client(ca, not_before=NOW + LEAD - BACKDATED, lifetime=pki.YEAR), NOW + LEAD)
    link = str(directory / CLIENT)
    serving = serving_pair(ca, not_before=NOW - pki.YEAR, not_after=NOW + pki.YEAR)
    with tls_server(root, serving, lambda tls, _: tls.sendall(answer(now=NOW + judge))) as port:
        cluster = pki.Cluster(ca=ca.certificate_pem, server=f"https://127.0.0.1:{port}")
        users = [pki.User(certificate=link, key=link)]
        config = write(root / "kubelet.conf", pki.kubeconfig(clusters=[cluster], users=users))
        settings = settings_of(looking_at(directory, kubeconfigs=(config,)))
        yield replace(settings, clock=ClockSettings(apiserver=True))


def asked(settings: Settings, *, apply: bool = False) -> tuple[int, str]:
    code, text = run_rollback(settings, now=NOW + LEAD + pki.HOUR, at=NOW, apply=apply)
    return code, " ".join(text.split())


def test_the_whole_room_ahead(tmp_path: Path) -> None:
    """The plan says that the API server, which is ahead too, accepts the file now."""
    with node(tmp_path, judge=LEAD + pki.HOUR) as settings:
        code, text = asked(settings)
        assert code == 0
        assert "the API server, whose clock is 3 h 11 min ahead, accepts it now" in text
        assert asked(settings, apply=True)[0] == 0
    assert (tmp_path / "pki" / CLIENT).readlink().name == FILE


def test_expired_for_the_judge(tmp_path: Path) -> None:
    """An API server a hundred days ahead would reject the file: its clock comes first, and no file is replaced."""
    with node(tmp_path, judge=100 * pki.DAY) as settings:
        code, text = asked(settings, apply=True)
        assert code == 1
        assert "not valid after 2026-06-30 00:00:00 UTC by the API server's clock" in text
        assert "Correct first the API server's clock, which is 100 d ahead" in text
        assert f"by the right time {FILE} is good, by that clock it is not" in text
        _, shown = run_check(settings, now=NOW, at=NOW)
        assert "Correct first the API server's clock, which is 100 d ahead" in " ".join(shown.split())
    assert (tmp_path / "pki" / CLIENT).readlink().name != FILE


def test_the_judge_has_not_reached_it(tmp_path: Path) -> None:
    """An API server thirty days behind rejects every file; the right one is put in place for when it is corrected."""
    with node(tmp_path, judge=-30 * pki.DAY) as settings:
        code, text = asked(settings, apply=True)
        assert code == 0
        behind = "the API server, whose clock is 30 d behind, rejects it, as it does the current file, until that clock"
        assert behind in text
    assert (tmp_path / "pki" / CLIENT).readlink().name == FILE


def test_check_says_what_the_judge_does(tmp_path: Path) -> None:
    """`check --at` tells which clock is wrong, and that the API server accepts the file only for that reason."""
    with node(tmp_path, judge=LEAD + pki.HOUR) as settings:
        code, text = run_check(settings, now=NOW + LEAD + pki.HOUR, at=NOW)
    flat = " ".join(text.split())
    assert code == 2
    assert "by the given time, 2026-04-11 00:00:00 UTC; the API server, whose clock is ahead, still accepts it" in flat
    assert "the API server's clock is 3 h 11 min ahead, by the given time" in flat
