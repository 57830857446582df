"""The incident exactly as it was: the directory of node30 on 2021-09-01, in UTC+8."""

import os
import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from kubepki.settings import Settings
from tests.support import pki
from tests.support.commands import contents, run_check, run_rollback, settings_of
from tests.support.scenarios import looking_at

OLD = "kubelet-client-2020-11-06-02-48-49.pem"
NEW = "kubelet-client-2021-09-01-13-21-24.pem"
LINK = "kubelet-client-current.pem"


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


NOT_BEFORE = at("2021-09-01T05:11:39+00:00")
NOON = at("2021-09-01T11:00:00+08:00")


@pytest.fixture
def node30(tmp_path: Path) -> Path:
    """Build the directory as `ls -l` showed it."""
    directory = tmp_path / "pki"
    directory.mkdir()
    ca = pki.authority(not_before=at("2020-11-06T02:40:00+08:00"))
    for stamp, moment, not_before in (
        ("2020-11-06-02-48-49", at("2020-11-06T02:48:49+08:00"), at("2020-11-06T02:43:49+08:00")),
        ("2021-09-01-13-21-24", at("2021-09-01T13:21:24+08:00"), NOT_BEFORE),
    ):
        dated = pki.install(directory, "kubelet-client", pki.client(ca, not_before=not_before).pem, stamp)
        os.utime(dated, (moment, moment))
    serving = pki.self_signed(not_before=at("2020-11-06T01:48:49+08:00"))
    (directory / "kubelet.crt").write_bytes(serving.certificate_pem)
    (directory / "kubelet.key").write_bytes(serving.key_pem)
    config = pki.kubeconfig(
        clusters=[pki.Cluster(ca=ca.certificate_pem)],
        users=[pki.User(certificate=str(directory / LINK), key=str(directory / LINK))],
    )
    (tmp_path / "kubelet.conf").write_bytes(config)
    return directory


def settings(directory: Path) -> Settings:
    sources = looking_at(directory, kubeconfigs=(directory.parent / "kubelet.conf",))
    return settings_of(replace(sources, timezone="Asia/Shanghai"))


def test_verdict(node30: Path) -> None:
    """At 11:00 the first line says what is wrong and for how long; the evidence and the command follow."""
    code, text = run_check(settings(node30), now=NOON)
    first = " ".join(text.split("\n\n", maxsplit=1)[0].split())
    assert code == 2
    assert first.startswith(f"CRITICAL: {LINK} is future-dated: not valid for another 2 h 11 min by this host's clock,")
    assert "which is synchronized" in first
    assert "2021-09-01 05:11:39 UTC, in 2 h 11 min" in text
    assert f"→ {NEW}" in text or f"-> {NEW}" in text
    assert "2021-09-01 05:21:24 UTC, in 2 h 21 min" in text
    assert "a CA that the kubeconfig trusts" in text
    assert f"Roll back: {OLD} is valid until 2021-11-05 18:43:49 UTC" in text
    assert re.search(rf"^    .*rollback .*--apply (--restart-kubelet )?{node30 / LINK}$", text, re.MULTILINE)
    assert len(text.splitlines()) <= 45


@pytest.mark.parametrize(
    ("moment", "status"),
    [("11:00:00", 2), ("13:11:38", 2), ("13:12:00", 1), ("13:21:23", 1), ("13:22:00", 0)],
)
def test_as_time_passes(node30: Path, moment: str, status: int) -> None:
    """It heals at NotBefore with a warning about the file's stamp, and is healthy when that is past, too."""
    judged = at(f"2021-09-01T{moment}+08:00")
    code, text = run_check(settings(node30), at=judged)
    assert code == status
    assert ("ahead of this host's clock" in " ".join(text.split())) == (status != 0)
    assert run_check(settings(node30), now=judged)[0] == status


def test_plan(node30: Path) -> None:
    """The plan names the old file, and nothing is changed by showing it."""
    before = contents(node30)
    code, text = run_rollback(settings(node30), now=NOON)
    assert code == 0
    assert f"Plan: point {LINK} back at {OLD}." in text
    assert "a CA that the kubeconfig trusts" in " ".join(text.split())
    assert (node30 / LINK).readlink() == node30 / NEW
    assert contents(node30) == before


def test_rollback(node30: Path) -> None:
    """What the engineer did by hand is done, once; then the host is healthy, and no file has changed."""
    before = contents(node30)
    code, text = run_rollback(settings(node30), now=NOON, apply=True)
    assert code == 0
    assert "systemctl restart kubelet" in text
    assert (node30 / LINK).readlink() == node30 / OLD
    assert run_check(settings(node30), now=NOON)[0] == 0
    inode = (node30 / LINK).lstat().st_ino
    code, text = run_rollback(settings(node30), now=NOON, apply=True)
    assert code == 1
    assert "Nothing was changed" in text
    assert (node30 / LINK).lstat().st_ino == inode
    assert contents(node30) == before
