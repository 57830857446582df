"""A year on healthy hosts, day by day, with rotations as the components do them: nobody is paged, nobody is warned."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kubepki.judgement.evaluate import evaluate
from kubepki.model import Reading, Severity
from kubepki.pki.scan import Scanner
from kubepki.settings import FilePattern, PkiSettings, ScanSettings
from tests.support import pki
from tests.support.scenarios import BACKDATED, NOW, install, looking_at, write

DAYS = 365
Day = Callable[[float], None]
Host = tuple[PkiSettings, Day]


def pair(path: Path, made: pki.Pair, moment: float) -> None:
    write(path.with_suffix(".crt"), made.certificate_pem, moment)
    write(path.with_suffix(".key"), made.key_pem, moment)


def kubelet(directory: Path, signer: Callable[[float], pki.Pair], life: float) -> Day:
    """Return what a kubelet does each day: at 80 % of its certificate's life it asks for another one."""
    last = NOW - 0.5 * life
    install(directory, pki.client(signer(last), not_before=last - BACKDATED, lifetime=life), last)

    def day(now: float) -> None:
        nonlocal last
        if now - last >= 0.8 * life:
            install(directory, pki.client(signer(now), not_before=now - BACKDATED, lifetime=life), now)
            last = now

    return day


def kubeadm(root: Path) -> Host:
    """Return a host on which an upgrade twice a year renews what is kubeadm's, and nobody the kubelet's own pair."""
    ca = pki.authority(not_before=NOW - pki.YEAR)
    write(root / "pki" / "ca.crt", ca.certificate_pem)
    serving = pki.self_signed(not_before=NOW - pki.YEAR + 20 * pki.DAY)
    pair(root / "kubelet" / "kubelet", serving, NOW)
    rotate = kubelet(root / "kubelet", lambda _: ca, pki.YEAR)

    def day(now: float) -> None:
        rotate(now)
        if round((now - NOW) / pki.DAY) % 182 == 0:
            pair(root / "pki" / "apiserver", pki.server(ca, not_before=now), now)
            pair(root / "pki" / "peer", pki.peer(ca, not_before=now), now)

    files = FilePattern(pattern=f"{root}/pki/*.crt", wildcard=True)
    return replace(looking_at(root / "kubelet"), files=(files,)), day


def k3s(root: Path) -> Host:
    """Each restart, once a month here, renews what has less than 90 days left."""
    ca = pki.authority("k3s-client-ca", not_before=NOW - pki.YEAR)
    write(root / "tls" / "client-ca.crt", ca.certificate_pem)
    made: dict[str, float] = {}

    def day(now: float) -> None:
        for number, name in enumerate(("client-admin", "client-kubelet", "client-scheduler")):
            first = NOW - (200 + 30 * number) * pki.DAY
            begins = made.get(name, first)
            restarts = round((now - NOW) / pki.DAY) % 30 == 0
            if name not in made or (restarts and begins + pki.YEAR - now < 90 * pki.DAY):
                made[name] = first if name not in made else now
                pair(root / "tls" / name, pki.client(ca, not_before=made[name]), now)

    files = FilePattern(pattern=f"{root}/tls/*.crt", wildcard=True)
    return PkiSettings(directories=(), kubeconfigs=(), files=(files,), presets=()), day


def openshift(root: Path) -> Host:
    """Return a host with a signer for each month, and public roots of which several end in the year."""
    signers: dict[int, pki.Pair] = {}

    def signer(now: float) -> pki.Pair:
        month = int(now // (30 * pki.DAY))
        start = month * 30 * pki.DAY - pki.DAY
        if month not in signers:
            signers[month] = pki.authority(f"kube-csr-signer_@{start:.0f}", not_before=start, lifetime=2 * pki.YEAR)
        return signers[month]

    rotate = kubelet(root / "kubelet", signer, 30 * pki.DAY)
    roots = [
        pki.authority(f"Public Root {number}", not_before=NOW - (9 + number / 9) * pki.YEAR).certificate_pem
        for number in range(9)
    ]
    pods = root / "static-pod-resources" / "kube-apiserver-certs" / "configmaps"
    write(pods / "trusted-ca-bundle" / "ca-bundle.crt", b"".join(roots))

    def day(now: float) -> None:
        rotate(now)
        signer(now)
        write(pods / "client-ca" / "ca-bundle.crt", b"".join(each.certificate_pem for each in signers.values()), now)

    files = FilePattern(pattern=f"{root}/static-pod-resources/**/*.crt", wildcard=True)
    return replace(looking_at(root / "kubelet"), files=(files,)), day


@pytest.mark.parametrize("host", [kubeadm, k3s, openshift], ids=lambda host: host.__name__)
def test_a_year_without_a_page(host: Callable[[Path], Host], tmp_path: Path) -> None:
    """Not one critical finding, and no warning but for the kubelet's own pair, which nobody renews."""
    settings, day = host(tmp_path)
    scanner = Scanner(settings, ScanSettings())
    found = set()
    for number in range(DAYS):
        now = NOW + number * pki.DAY
        day(now)
        snapshot = scanner.scan().snapshot
        for finding in evaluate(snapshot, Reading(host_time=now + 1, synchronized=True)):
            if finding.severity is not Severity.INFO and not (finding.path or "").endswith("kubelet.crt"):
                found.add((number, finding.path, finding.message))
            assert finding.severity is not Severity.CRITICAL, (number, finding)
    assert found == set()
