"""Everything that asks for much lies in the watched directories at once, and a rotation beside it is seen."""

import resource
import time
from pathlib import Path

from tests.support import costly, pki
from tests.support.running import running
from tests.support.scenarios import CLIENT
from tests.support.waiting import wait_until

DEPTH = 990
MOMENT = 10.0
SERVICE_CPU_SECONDS = 20.0


def test_a_rotation_is_seen_beside_all_costly_files(tmp_path: Path) -> None:
    """Each costly path has a fault or is read, the service's own CPU time is bounded, and it answers."""
    directory, heavy = tmp_path / "pki", tmp_path / "heavy"
    directory.mkdir()
    heavy.mkdir()
    pair = pki.client(pki.authority())
    pki.install(directory, "kubelet-client", pair.pem, "2026-01-01-00-00-00")
    for name, make in costly.FILES.items():
        (heavy / name).write_bytes(make())
    config = tmp_path / "aliases.conf"
    config.write_bytes(costly.alias_kubeconfig())
    deep = tmp_path / "deep"
    for _ in range(DEPTH):
        deep /= "d"
    nested = [deep]
    while nested[-1] != tmp_path / "deep":
        nested.append(nested[-1].parent)
    for each in reversed(nested):
        each.mkdir()
    sources = (
        f"--pki.directory={directory}",
        f"--pki.directory={heavy}",
        f"--pki.kubeconfig={config}",
        f"--pki.file={tmp_path}/deep/**/*.pem",
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        with running(*sources, log=tmp_path / "log") as exporter:
            wait_until(lambda: exporter.get("/-/ready")[0] == 200, timeout=60, describe="the first look")
            scrape = exporter.scrape()
            for name in ("rounds.p12", "bag.p12", "rsa_300000.pem", "rsa_300000_pkcs8.pem"):
                assert scrape.reasons(heavy / name) == {"too_costly"}
            assert (scrape.value("kubepki_omitted_series") or 0) > 0
            for month in range(2, 5):
                stamp = f"2026-0{month}-01-00-00-00"
                pki.install(directory, "kubelet-client", pair.pem, stamp)
                target = str(directory / f"kubelet-client-{stamp}.pem")
                link = str(directory / CLIENT)
                started = time.monotonic()
                wait_until(
                    lambda link=link, target=target: exporter.scrape().find(  # type: ignore[misc]
                        "kubepki_symlink_info", path=link, target=target
                    ),
                    timeout=MOMENT,
                    describe="the rotation",
                )
                assert time.monotonic() - started < MOMENT
            assert exporter.end() == 0
            assert "Traceback" not in exporter.log()
    finally:
        # pytest removes what is left with a call for each level.
        for each in nested:
            each.rmdir()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime - before.ru_utime < SERVICE_CPU_SECONDS
