"""A year on a master of OpenShift with all its signers, bundles and revisions: nobody is paged, nobody is warned."""

import re
from pathlib import Path

from kubepki.judgement.evaluate import Code, evaluate
from kubepki.model import Reading, Severity, Standing
from tests.support.openshift_year import KEPT_REVISIONS, PODS, OpenShiftMaster
from tests.support.pki import DAY
from tests.support.scenarios import NOW


def test_a_year_without_a_page(tmp_path: Path) -> None:
    """Each morning and each evening; signers of a month end in their bundles all the time."""
    host = OpenShiftMaster(tmp_path)
    scanner = host.scanner()
    snapshot, ended = scanner.scan().snapshot, 0
    revisions = {state.path.split("/")[4] for state in snapshot.paths if _is_revisioned(state.path)}
    assert len(revisions) == 2 * KEPT_REVISIONS
    for number in range(365):
        if host.day(number):
            snapshot = scanner.scan().snapshot
        for now in (NOW + number * DAY + 1, NOW + number * DAY + DAY / 2):
            found = evaluate(snapshot, Reading(host_time=now, synchronized=True))
            assert not [each for each in found if each.severity is not Severity.INFO], number
            ended += sum(
                each.not_after < now
                for state in snapshot.paths
                for each in state.certificates
                if state.standing is Standing.CURRENT and each.superseded
            )
    assert ended > 100


def test_a_rotation_that_stops_is_heard(tmp_path: Path) -> None:
    """A month later the certificates, their signers, and the newest of each bundle have ended."""
    host = OpenShiftMaster(tmp_path)
    snapshot = host.scanner().scan().snapshot
    found = evaluate(snapshot, Reading(host_time=NOW + 31 * DAY, synchronized=True))
    critical = {
        str(each.path) for each in found if each.code is Code.CERTIFICATE_EXPIRED and each.severity == "critical"
    }
    certs = f"{PODS}/kube-apiserver-certs"
    assert {
        "/var/lib/kubelet/pki/kubelet-client-current.pem",
        f"{certs}/secrets/internal-loadbalancer-serving-certkey/tls.crt",
        f"{certs}/configmaps/aggregator-client-ca/ca-bundle.crt",
    } <= critical
    assert not [path for path in critical if _is_revisioned(path) and not path.startswith(_newest(tmp_path))]


def _is_revisioned(path: str) -> bool:
    return re.search(r"-pod-\d", path) is not None


def _newest(root: Path) -> tuple[str, ...]:
    pods = sorted(Path(f"{root}{PODS}").glob("*-pod-*"), key=lambda each: int(each.name.rpartition("-")[2]))
    return tuple(f"{PODS}/{each.name}/" for each in pods[-2:])
