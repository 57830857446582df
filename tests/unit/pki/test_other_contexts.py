"""What a kubeconfig says of other contexts than its current one: client-go reads none of it, so nothing warns."""

import itertools
from pathlib import Path

import pytest
import yaml

from kubepki.judgement.evaluate import evaluate
from kubepki.metrics.collector import moment_families, path_families
from kubepki.model import PathState, Reading, Reason
from kubepki.pki.scan import Scanner
from kubepki.settings import ScanSettings
from tests.support import pki
from tests.support.scenarios import CLIENT, NEW, OLD, install, looking_at, write

CA, OTHER_CA = pki.authority(), pki.authority("other")
PREVIOUS, NOW_USED = pki.client(CA, not_before=OLD), pki.client(CA, not_before=NEW)
LINK = "pki/kubelet-client-current.pem"


def scanned(root: Path, users: list[pki.User], clusters: list[pki.Cluster], current: str | None = None) -> PathState:
    """Return the state of a kubeconfig beside a link to the newer of two files; *current* is its current context."""
    install(root / "pki", PREVIOUS, OLD)
    install(root / "pki", NOW_USED, NEW)
    config = pki.kubeconfig(users, clusters, current_context=current)
    path = write(root / "kubelet.conf", config)
    found = Scanner(looking_at(root / "pki", kubeconfigs=(path,)), ScanSettings()).scan().snapshot
    return next(state for state in found.paths if state.path == str(path))


def reasons(state: PathState) -> set[Reason]:
    return {fault.reason for fault in state.faults}


def old_file(root: Path) -> str:
    return next(str(each) for each in sorted((root / "pki").glob("kubelet-client-2*.pem")))


KUBELET = pki.User(name="kubelet", certificate=LINK, key=LINK)
CLUSTER = pki.Cluster(name="here", ca=CA.certificate_pem)


@pytest.mark.parametrize("current", [None, "", "no such context"])
def test_an_older_copy_of_another_user(tmp_path: Path, current: str | None) -> None:
    """Stale only where it is what is presented; a file without a current context may be read with any."""
    copy = pki.User(name="copy", certificate=PREVIOUS.certificate_pem, key=PREVIOUS.key_pem)
    state = scanned(tmp_path, [KUBELET, copy], [CLUSTER], current)
    assert (Reason.KUBECONFIG_STALE in reasons(state)) is (current is not None)
    assert Reason.KUBECONFIG_STALE in reasons(scanned(tmp_path / "used", [copy, KUBELET], [CLUSTER]))


def test_another_file_of_another_user(tmp_path: Path) -> None:
    """The kubelet's previous file, for a context that nobody takes."""
    install(tmp_path / "pki", PREVIOUS, OLD)
    name = old_file(tmp_path)
    other = pki.User(name="previous", certificate=name, key=name)
    state = scanned(tmp_path, [KUBELET, other], [CLUSTER])
    assert not reasons(state)
    used = scanned(tmp_path, [other, KUBELET], [CLUSTER])
    assert reasons(used) == {Reason.KUBECONFIG_DIVERGED}


def test_what_is_embedded_for_another_context_is_not_judged(tmp_path: Path) -> None:
    """An expired user and an expired CA of a cluster that is gone are shown as old, and counted so."""
    gone = pki.authority("gone", not_before=OLD - 10 * pki.YEAR, lifetime=pki.YEAR)
    expired = pki.client(gone, not_before=OLD - 10 * pki.YEAR, lifetime=pki.DAY)
    users = [
        pki.User(name="kubelet", certificate=NOW_USED.certificate_pem, key=NOW_USED.key_pem),
        pki.User(name="before", certificate=expired.certificate_pem, key=expired.key_pem),
    ]
    clusters = [CLUSTER, pki.Cluster(name="gone", ca=gone.certificate_pem)]
    state = scanned(tmp_path, users, clusters)
    assert [each.entry for each in state.judged] == ["user/kubelet", "cluster/here"]
    assert [each.entry for each in state.certificates if each.superseded] == ["user/before", "cluster/gone"]
    config = tmp_path / "kubelet.conf"
    found = Scanner(looking_at(tmp_path / "pki", kubeconfigs=(config,)), ScanSettings()).scan().snapshot
    reading = Reading(host_time=NEW + pki.DAY, synchronized=True)
    assert not [each for each in evaluate(found, reading) if each.path == str(config)]
    standings = {
        (labels[1], labels[2])
        for family in itertools.chain(path_families(found), moment_families(found, reading))
        for labels, _ in family.samples
        if labels[:1] == (str(config),) and len(labels) > 2 and "/" in labels[1]
    }
    assert standings == {
        ("user/kubelet", "current"),
        ("cluster/here", "current"),
        ("user/before", "superseded"),
        ("cluster/gone", "superseded"),
    }


def test_another_contexts_key(tmp_path: Path) -> None:
    """Another's key there is no mismatch of this file, in no output."""
    wrong = pki.User(name="wrong", certificate=PREVIOUS.certificate_pem, key=NOW_USED.key_pem)
    right = pki.User(name="kubelet", certificate=NOW_USED.certificate_pem, key=NOW_USED.key_pem)
    state = scanned(tmp_path, [right, wrong], [CLUSTER])
    assert (state.key_match, reasons(state)) == (True, set())
    assert scanned(tmp_path / "used", [wrong, right], [CLUSTER]).key_match is False


@pytest.mark.parametrize("embedded", [True, False])
def test_another_clusters_ca_proves_nothing(tmp_path: Path, *, embedded: bool) -> None:
    """The CA of a cluster that another context names did not issue what this cluster takes."""
    ca = CA.certificate_pem if embedded else str(write(tmp_path / "far.crt", CA.certificate_pem))
    clusters = [pki.Cluster(name="here", ca=OTHER_CA.certificate_pem), pki.Cluster(name="far", ca=ca)]
    users = [pki.User(name="kubelet", certificate=LINK, key=LINK), pki.User(name="far", certificate=LINK, key=LINK)]
    scanned(tmp_path, users, clusters)
    config = tmp_path / "kubelet.conf"
    assert len(yaml.safe_load(config.read_text())["contexts"]) == 2
    found = Scanner(looking_at(tmp_path / "pki", kubeconfigs=(config,)), ScanSettings()).scan().snapshot
    (link,) = [state for state in found.paths if state.path.endswith(CLIENT)]
    assert [each.objections for each in link.candidates if each.path == old_file(tmp_path)] == [
        ("it was not issued by a CA that the kubeconfig trusts",)
    ]
