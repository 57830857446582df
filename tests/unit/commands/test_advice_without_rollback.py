"""Where no older file passes, or the file is no link of a kubelet, no rollback is proposed."""

from pathlib import Path

from kubepki.judgement.advice import advise
from kubepki.judgement.evaluate import Code, Finding
from kubepki.model import Severity
from tests.support import pki
from tests.support.commands import run_check
from tests.support.scenarios import NOW
from tests.unit.commands.test_repair_order import node, words


def test_no_rollback_is_proposed_after_its_refusal(tmp_path: Path) -> None:
    """The way that is left is told once, and does not contradict the refusal."""
    _, text = run_check(node(tmp_path, 200 * pki.DAY), now=NOW)
    todo = words(text.partition("What to do")[2].partition("Also found")[0].partition("Certificates (")[0])
    assert "There is no rollback: no superseded file passes every check." in todo
    assert "Wait until 2026-04-11 02:06:00 UTC, or bootstrap the node anew" in todo
    assert "or roll back" not in todo
    assert "Or wait" not in todo


def test_what_is_no_link_is_never_rolled_back() -> None:
    """A CA from the future has no older file."""
    for code in (Code.CERTIFICATE_FUTURE_DATED, Code.CERTIFICATE_NOT_YET_VALID):
        for path, rolled in (("/etc/kubernetes/pki/ca.crt", False), ("/p/kubelet-client-current.pem", True)):
            finding = Finding(code=code, severity=Severity.CRITICAL, path=path, message="")
            assert ("rollback" in advise(finding)) == rolled
