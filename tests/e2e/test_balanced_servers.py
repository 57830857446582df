"""Two API servers behind one address, one of them ahead: the real service tells both clocks, and who rejects what."""

import http.client
import itertools
import ssl
import threading
import time
from pathlib import Path

import pytest

from tests.support import pki
from tests.support.https_servers import answer, serving_pair, tls_server
from tests.support.running import running
from tests.support.scenarios import CLIENT, LEAD, install
from tests.support.waiting import wait_until

OFFSET = "kubepki_reference_clock_offset_seconds"
LATEST = "kubepki_reference_clock_latest_offset_seconds"


def test_the_latest_of_two_servers_rejects_what_ends(tmp_path: Path) -> None:
    """After a rotation the address is asked again, and a certificate with an hour left is told to be refused by one."""
    ca, now = pki.authority(), time.time()
    directory = tmp_path / "pki"
    install(directory, pki.client(ca, not_before=now - pki.DAY, lifetime=25 * pki.HOUR), now - pki.DAY)
    (tmp_path / "offset").write_text("0")
    turns = itertools.cycle([0.0, LEAD])

    def behave(tls: ssl.SSLSocket, _over: threading.Event) -> None:
        tls.sendall(answer(now=time.time() + next(turns)))

    serving = serving_pair(ca, not_before=now - pki.YEAR / 2, not_after=now + pki.YEAR / 2)
    with tls_server(tmp_path, serving, behave) as port:
        link = str(directory / CLIENT)
        cluster = pki.Cluster(ca=ca.certificate_pem, server=f"https://127.0.0.1:{port}")
        users = [pki.User(certificate=link, key=link)]
        (tmp_path / "kubelet.conf").write_bytes(pki.kubeconfig(clusters=[cluster], users=users))
        arguments = [str(directory), str(tmp_path / "offset"), str(tmp_path / "kubelet.conf")]
        with running(*arguments, log=tmp_path / "log", module="tests.e2e.stepped_exporter") as exporter:
            wait_until(lambda: exporter.get("/-/ready")[0] == http.client.OK, describe="readiness")
            wait_until(lambda: exporter.scrape().value(OFFSET, clock="apiserver") is not None, describe="the offset")
            assert exporter.scrape().value(LATEST, clock="apiserver") is None
            install(directory, pki.client(ca, not_before=now - pki.HOUR, lifetime=2 * pki.HOUR), now)
            wait_until(lambda: exporter.scrape().value(LATEST, clock="apiserver") is not None, describe="both servers")
            scrape = exporter.scrape()
            wait_until(lambda: "one of the API servers rejects it now" in exporter.log(), describe="the journal")
            # Whether the kernel vouches for the clock of this machine is its own affair.
            whose = ("finding=reference_clock_skewed", "finding=time_unknown")
            wait_until(lambda: any(each in exporter.log() for each in whose), describe="whose clock it is")
            said = exporter.log()
    assert scrape.value(OFFSET, clock="apiserver") == pytest.approx(0, abs=2)
    assert scrape.value(LATEST, clock="apiserver") == pytest.approx(LEAD, abs=2)
    assert "s apart, as of several servers behind one address" in said
