"""A step of the host beside an API server that answers slowly: nothing judges by what was said before the step."""

import http.client
import ssl
import threading
import time
from pathlib import Path

import pytest

from kubepki.service.telling import PATIENCE_SECONDS
from tests.support import pki
from tests.support.https_servers import answer, serving_pair, tls_server
from tests.support.running import running
from tests.support.scenarios import BACKDATED, CLIENT, LEAD, install
from tests.support.waiting import wait_until

OFFSET = "kubepki_reference_clock_offset_seconds"
LAST_LINE = "finding=symlink_target_future_dated"


@pytest.mark.parametrize("corrected", [True, False], ids=["both-corrected", "host-alone-corrected"])
def test_after_a_step_the_journal_waits_for_the_slow_answer(tmp_path: Path, *, corrected: bool) -> None:
    """Host and API server are ahead and are set back together, or only the host is; each line judges by one night."""
    ca, now = pki.authority(), time.time()
    directory = tmp_path / "pki"
    for issued in (now - 100 * pki.DAY, now + LEAD):
        install(directory, pki.client(ca, not_before=issued - BACKDATED), issued)
    offset = tmp_path / "offset"
    offset.write_text(str(LEAD + 60))
    ahead, may_answer = [LEAD + 60], threading.Event()
    may_answer.set()

    def behave(tls: ssl.SSLSocket, _over: threading.Event) -> None:
        may_answer.wait(10)
        tls.sendall(answer(now=time.time() + ahead[0]))

    serving = serving_pair(ca, not_before=now - pki.YEAR / 2, not_after=now + pki.YEAR / 2)
    with tls_server(tmp_path, serving, behave) as port:
        link = str(directory / CLIENT)
        user = pki.User(certificate=link, key=link)
        cluster = pki.Cluster(ca=ca.certificate_pem, server=f"https://127.0.0.1:{port}")
        (tmp_path / "kubelet.conf").write_bytes(pki.kubeconfig(clusters=[cluster], users=[user]))
        arguments = [str(directory), str(offset), str(tmp_path / "kubelet.conf")]
        with running(*arguments, log=tmp_path / "log", module="tests.e2e.stepped_exporter") as exporter:
            wait_until(lambda: exporter.get("/-/ready")[0] == http.client.OK, describe="readiness")
            wait_until(lambda: exporter.scrape().value(OFFSET, clock="apiserver") is not None, describe="the offset")
            assert exporter.scrape().value(OFFSET, clock="apiserver") == pytest.approx(0, abs=2)
            time_of_step = time.monotonic()
            may_answer.clear()
            if corrected:
                ahead[0] = 0.0
            (tmp_path / "right").write_text("0")
            (tmp_path / "right").rename(offset)
            first = exporter.scrape()
            assert first.value("kubepki_host_clock_steps_total") == 1
            assert first.value(OFFSET, clock="apiserver") is None
            assert first.value("kubepki_reference_clock_up", clock="apiserver") is None
            assert "stepped back" not in exporter.log()
            may_answer.set()
            assert time.monotonic() - time_of_step < PATIENCE_SECONDS - 1, "the machine is too busy for this test"
            wait_until(lambda: LAST_LINE in exporter.log(), describe="the lines about the step")
            said = exporter.log()
            value = exporter.scrape().value(OFFSET, clock="apiserver")
    assert value == pytest.approx(0 if corrected else LEAD + 60, abs=2)
    told = said[said.index("stepped back") :]
    assert "host_clock_behind" not in told
    assert ("rejects it now" in said) is corrected
    assert ("future-dated by 2 h 5 min if this host's clock is right" in said) is not corrected
    assert "have begun to be valid" not in said
