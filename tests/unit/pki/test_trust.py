"""What proves that this cluster issued an old file, and what stands against it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from kubepki.judgement.fallbacks import RepairTimes, fallback_objections
from kubepki.model import Candidate
from kubepki.pki.scan import Scanner
from kubepki.settings import ScanSettings
from tests.support import pki
from tests.support.scenarios import CLIENT, NEW, OLD, install, looking_at, write

KEYS = pki.new_key(slot=21), pki.new_key(slot=22), pki.new_key(slot=23)


def authority(name: str, key: pki.PrivateKey) -> pki.Pair:
    return pki.issue(
        pki.name(name), not_before=OLD - pki.YEAR, not_after=NEW + pki.YEAR, key=key, ca=True, identified=True
    )


def node(ca: pki.Pair, moment: float) -> pki.Pair:
    return pki.issue(
        pki.name("system:node:node30", "system:nodes"),
        not_before=moment,
        not_after=moment + pki.YEAR,
        issuer=ca,
        usages=pki.CLIENT,
        identified=True,
    )


SIGNER, REBUILT, SERVING = authority("signer", KEYS[0]), authority("signer", KEYS[1]), authority("serving", KEYS[2])


def old_file(root: Path, *, old: pki.Pair, now: pki.Pair, trusts: pki.Pair | None = None) -> Candidate:
    """Return what is said of a file that *old* issued beside a link to one of *now*; the kubeconfig trusts *trusts*."""
    install(root / "pki", node(old, OLD), OLD)
    install(root / "pki", node(now, NEW), NEW)
    clusters = [pki.Cluster(ca=None if trusts is None else trusts.certificate_pem)]
    config = write(root / "kubelet.conf", pki.kubeconfig(clusters=clusters, users=[pki.User()]))
    result = Scanner(looking_at(root / "pki", kubeconfigs=(config,)), ScanSettings()).scan()
    (state,) = [each for each in result.snapshot.paths if each.path.endswith(CLIENT)]
    (candidate,) = [each for each in state.candidates if not str(state.link).count(each.path)]
    return candidate


def api_server(root: Path, *cas: pki.Pair) -> Path:
    path = write(root / "elsewhere" / "clients.crt", b"".join(each.certificate_pem for each in cas))
    command = ["kube-apiserver", f"--client-ca-file={path}"]
    pod = {"kind": "Pod", "spec": {"containers": [{"name": "kube-apiserver", "command": command}]}}
    write(root / "manifests" / "kube-apiserver.yaml", json.dumps(pod).encode())
    return path


def kubelet(root: Path, *cas: pki.Pair) -> Path:
    path = write(root / "elsewhere" / "kubelet-ca.crt", b"".join(each.certificate_pem for each in cas))
    config = {"kind": "KubeletConfiguration", "authentication": {"x509": {"clientCAFile": str(path)}}}
    write(root / "config.yaml", json.dumps(config).encode())
    return path


def test_the_api_servers_own_word(tmp_path: Path) -> None:
    """Its client CA proves what the kubeconfig's CA never issued, over a rotation of the signer too."""
    path = api_server(tmp_path, SIGNER, REBUILT)
    found = old_file(tmp_path, old=SIGNER, now=REBUILT, trusts=SERVING)
    assert found.objections == ()
    assert found.proof == f"a CA in {path} (the API server's --client-ca-file)"


def renewed(ca: pki.Pair, *, begins: float, ends: float) -> pki.Pair:
    subject = ca.certificate.subject
    return pki.issue(subject, not_before=begins, not_after=ends, key=ca.key, ca=True, identified=True)


def against(found: Candidate, now: float) -> str:
    times = (("the host's clock", now), ("the API server's clock", now + 60))
    return ", ".join(fallback_objections(found, RepairTimes(times=times, margin=300.0, kubelet=now)))


NOW = OLD + 100 * pki.DAY


@pytest.mark.parametrize("named", [api_server, kubelet, None])
@pytest.mark.parametrize(
    ("begins", "ends", "words"),
    [
        (OLD, NOW + pki.DAY, ""),
        (OLD, NOW, "a CA of its chain ends in less than 5 min by the host's clock"),
        (OLD, NOW - 1, "a CA of its chain is not valid after"),
        (OLD, NOW + 361, ""),
        (OLD, NOW + 330, "a CA of its chain ends in less than 5 min by the API server's clock"),
        (NOW - 200, NOW + pki.YEAR, "a CA of its chain is valid for less than 5 min by the host's clock"),
        (NOW + 1, NOW + pki.YEAR, "a CA of its chain is not valid before"),
    ],
)
def test_a_proof_lasts_as_long_as_its_ca(
    tmp_path: Path, named: Callable[..., Path] | None, begins: float, ends: float, words: str
) -> None:
    """Go verifies nothing by a root that has expired or has not begun, whoever names it."""
    ca = renewed(SIGNER, begins=begins, ends=ends)
    if named is not None:
        named(tmp_path, ca)
    found = old_file(tmp_path, old=SIGNER, now=SIGNER, trusts=None if named else ca)
    assert found.objections == ()
    assert words in against(found, NOW)
    assert bool(words) is bool(against(found, NOW))


def test_a_renewed_ca_beside_the_old_one(tmp_path: Path) -> None:
    """One chain that holds is enough; nowhere is the proof that of another clock."""
    api_server(tmp_path, renewed(SIGNER, begins=OLD, ends=NOW - 1), renewed(SIGNER, begins=NOW - 1000, ends=NOW + 1000))
    found = old_file(tmp_path, old=SIGNER, now=SIGNER)
    assert against(found, NOW) == ""
    assert "a CA of its chain is not valid after" in against(found, NOW + 2000)


def test_the_issuer_of_what_works_has_expired(tmp_path: Path) -> None:
    """Its CA lies about on the host: what it has signed is verified no more."""
    write(tmp_path / "pki" / "signers.pem", renewed(SIGNER, begins=OLD, ends=NOW - 1).certificate_pem)
    found = old_file(tmp_path, old=SIGNER, now=SIGNER)
    assert "by its name and key identifier" in found.proof
    assert "a CA of its chain is not valid after" in against(found, NOW)


@pytest.mark.parametrize("usages", [pki.SERVER, (ExtendedKeyUsageOID.CODE_SIGNING,)])
def test_a_ca_that_may_not_vouch_for_clients(tmp_path: Path, usages: tuple[ObjectIdentifier, ...]) -> None:
    """The purposes of a CA limit what it signs, in Go as in browsers."""
    limited = pki.issue(
        SIGNER.certificate.subject, not_before=OLD, not_after=NEW, key=SIGNER.key, ca=True, usages=usages
    )
    api_server(tmp_path, limited)
    found = old_file(tmp_path, old=SIGNER, now=SIGNER)
    assert found.objections == (
        "its extended key usage, or that of a CA of its chain, does not allow client authentication",
    )


def test_what_the_api_server_would_reject_is_refused(tmp_path: Path) -> None:
    """Though all else speaks for it."""
    path = api_server(tmp_path, SERVING)
    found = old_file(tmp_path, old=SIGNER, now=SIGNER, trusts=SIGNER)
    assert found.objections == (f"it was not issued by a CA in {path} (the API server's --client-ca-file)",)


def test_the_kubelets_client_ca(tmp_path: Path) -> None:
    """A worker of OpenShift: no static pods, and a signer that is replaced each month."""
    path = kubelet(tmp_path, SIGNER, REBUILT)
    found = old_file(tmp_path, old=SIGNER, now=REBUILT, trusts=SERVING)
    assert (found.objections, found.proof) == ((), f"a CA in {path} (the kubelet's clientCAFile)")


KUBELET = "kind: KubeletConfiguration\nauthentication:\n  x509:\n    clientCAFile: {}\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.yaml", KUBELET.format("elsewhere/kubelet-ca.crt")),
        ("kubelet.conf.d/10-ca.conf", KUBELET.format("@")),
        ("config.json.d/40-nodeadm.conf", KUBELET.format('"@"')),
        ("kubeadm-flags.env", 'KUBELET_KUBEADM_ARGS="--v=2 --client-ca-file=@"\n'),
        ("kubeadm-flags.env", 'KUBELET_KUBEADM_ARGS="--config-dir=@.d --v=2"\n'),
    ],
)
def test_wherever_the_kubelet_has_it_from(tmp_path: Path, name: str, text: str) -> None:
    """Its configuration, relative to that; its drop-ins; its flags, and the drop-ins that they name."""
    path = write(tmp_path / "elsewhere" / "kubelet-ca.crt", SIGNER.certificate_pem + REBUILT.certificate_pem)
    write(tmp_path / name, text.replace("@", str(path)).encode())
    write(Path(f"{path}.d") / "10.conf", KUBELET.format(path).encode())
    found = old_file(tmp_path, old=SIGNER, now=REBUILT, trusts=SERVING)
    assert (found.objections, found.proof) == ((), f"a CA in {path} (the kubelet's clientCAFile)")


def test_an_api_servers_manifest_of_gce_and_kops(tmp_path: Path) -> None:
    """It ends in `.manifest`."""
    path = api_server(tmp_path, SIGNER, REBUILT)
    (tmp_path / "manifests" / "kube-apiserver.yaml").rename(tmp_path / "manifests" / "kube-apiserver.manifest")
    found = old_file(tmp_path, old=SIGNER, now=REBUILT, trusts=SERVING)
    assert found.proof == f"a CA in {path} (the API server's --client-ca-file)"


def test_the_kubelets_client_ca_is_not_the_last_word(tmp_path: Path) -> None:
    """The API server may verify nodes by another one."""
    kubelet(tmp_path, SERVING)
    found = old_file(tmp_path, old=SIGNER, now=SIGNER)
    assert found.objections == ()
    assert "the issuer of the certificate that the link leads to" in found.proof


def test_the_ca_beside_the_kubeconfig(tmp_path: Path) -> None:
    """Kubeadm's layout."""
    write(tmp_path / "pki" / "ca.crt", SIGNER.certificate_pem)
    found = old_file(tmp_path, old=SIGNER, now=SIGNER, trusts=SERVING)
    assert found.proof == f"a CA in {tmp_path}/pki/ca.crt (its layout)"


def test_the_issuer_of_what_works(tmp_path: Path) -> None:
    """Without any client CA on the host: same name and same key identifier as the certificate in place."""
    found = old_file(tmp_path, old=SIGNER, now=SIGNER, trusts=SERVING)
    assert found.objections == ()
    assert "by its name and key identifier" in found.proof


@pytest.mark.parametrize("trusts", [None, SERVING, REBUILT])
def test_another_ca_of_the_same_name(tmp_path: Path, trusts: pki.Pair | None) -> None:
    """An old cluster's, rebuilt with the same CA name."""
    found = old_file(tmp_path, old=SIGNER, now=REBUILT, trusts=trusts)
    assert found.proof == ""
    assert found.objections


def test_a_ca_at_hand_did_not_sign_it(tmp_path: Path) -> None:
    """Name and key identifier can be copied, a signature cannot."""
    write(tmp_path / "pki" / "signers.pem", SIGNER.certificate_pem)
    install(tmp_path / "pki", node(SIGNER, NEW), NEW)
    forger = pki.issue(
        SIGNER.certificate.subject, not_before=OLD, not_after=NEW + pki.YEAR, key=KEYS[1], ca=True, identified=True
    )
    forged = pki.Pair(certificate=SIGNER.certificate, key=forger.key)
    found = old_file(tmp_path, old=forged, now=SIGNER)
    assert found.objections


def test_the_kubeconfigs_ca(tmp_path: Path) -> None:
    """Last, as before."""
    found = old_file(tmp_path, old=SIGNER, now=SERVING, trusts=SIGNER)
    assert (found.objections, found.proof) == ((), "a CA that the kubeconfig trusts")
    other = old_file(tmp_path / "other", old=SIGNER, now=SERVING, trusts=SERVING)
    assert other.objections == ("it was not issued by a CA that the kubeconfig trusts",)


def test_no_ca_is_known(tmp_path: Path) -> None:
    """Another issuer is refused; nothing is claimed of the same one without its key identifier."""
    assert old_file(tmp_path, old=SERVING, now=SIGNER).objections
    plain = pki.authority("signer")
    root = tmp_path / "plain"
    for moment in (OLD, NEW):
        install(root / "pki", pki.client(plain, not_before=moment), moment)
    result = Scanner(looking_at(root / "pki"), ScanSettings()).scan()
    (state,) = [each for each in result.snapshot.paths if each.path.endswith(CLIENT)]
    assert {each.proof for each in state.candidates} == {""}
    assert not any(each.objections for each in state.candidates)
