"""Old and new CA in one file, as each rotation of a CA leaves them: the end of the old one is no event."""

import json
from pathlib import Path

import pytest

from kubepki.judgement.evaluate import Code, evaluate
from kubepki.model import Reading, Snapshot
from kubepki.pki.scan import Scanner
from kubepki.settings import ScanSettings
from tests.support import pki
from tests.support.scenarios import NOW, looking_at, write

KEYS = [pki.new_key() for _ in range(3)]


def authority(
    name: str, begins: float, ends: float, *, key: pki.PrivateKey | None = None, named: bool = True
) -> pki.Pair:
    return pki.issue(
        pki.name(name),
        not_before=NOW + begins * pki.DAY,
        not_after=NOW + ends * pki.DAY,
        key=key,
        ca=True,
        identified=named,
    )


OLD = authority("kubernetes", -3650, -5, key=KEYS[0])
NEW = authority("kubernetes", -400, 3250, key=KEYS[1])


def leaf(ca: pki.Pair, name: str = "kube-apiserver", *, named: bool = True) -> pki.Pair:
    return pki.issue(
        pki.name(name),
        not_before=NOW - 30 * pki.DAY,
        not_after=NOW + 335 * pki.DAY,
        issuer=ca,
        usages=pki.SERVER,
        identified=named,
    )


def pems(*cas: pki.Pair) -> bytes:
    return b"".join(each.certificate_pem for each in cas)


def scanned(root: Path, *kubeconfigs: Path) -> Snapshot:
    return Scanner(looking_at(root / "pki", kubeconfigs=kubeconfigs), ScanSettings()).scan().snapshot


def expired(root: Path, *kubeconfigs: Path) -> set[tuple[str, str | None]]:
    """Return name and entry of all that is found to have expired."""
    found = evaluate(scanned(root, *kubeconfigs), Reading(host_time=NOW, synchronized=True))
    assert {each.code for each in found} <= {Code.CERTIFICATE_EXPIRED}
    return {(str(each.path).rpartition("/")[2], each.entry) for each in found}


def with_leaf(root: Path, made: pki.Pair, name: str = "apiserver") -> None:
    write(root / "pki" / f"{name}.crt", made.certificate_pem)
    write(root / "pki" / f"{name}.key", made.key_pem)


@pytest.mark.parametrize("order", [(OLD, NEW), (NEW, OLD)])
def test_the_old_one_beside_the_new_one(tmp_path: Path, order: tuple[pki.Pair, ...]) -> None:
    """In a file, and embedded in a kubeconfig: it is exported as superseded, and told to nobody."""
    write(tmp_path / "pki" / "ca.crt", pems(*order))
    with_leaf(tmp_path, leaf(NEW))
    config = write(tmp_path / "kubelet.conf", pki.kubeconfig([pki.User()], [pki.Cluster(ca=pems(*order))]))
    assert expired(tmp_path, config) == set()
    marked = [[each.superseded for each in state.certificates] for state in scanned(tmp_path, config).paths]
    assert marked.count([each is OLD for each in order]) == 2


def test_alone_it_is_judged(tmp_path: Path) -> None:
    """Its successor in another file is of no use to who reads this one."""
    write(tmp_path / "pki" / "ca.crt", pems(OLD))
    write(tmp_path / "pki" / "new-ca.crt", pems(NEW))
    assert expired(tmp_path) == {("ca.crt", "0")}


@pytest.mark.parametrize("by", ["pair", "kubeconfig", "intermediate"])
def test_what_something_here_still_needs_is_judged(tmp_path: Path, by: str) -> None:
    """A leaf, a user or a CA that it issued: that ends with it."""
    write(tmp_path / "pki" / "ca.crt", pems(NEW, OLD))
    configs = []
    if by == "pair":
        with_leaf(tmp_path, leaf(OLD))
    elif by == "kubeconfig":
        made = leaf(OLD, "user")
        configs = [
            write(tmp_path / "a.conf", pki.kubeconfig([pki.User(certificate=made.certificate_pem, key=made.key_pem)]))
        ]
    else:
        middle = pki.authority("middle", issuer=OLD, not_before=NOW - pki.YEAR)
        between = pki.issue(
            pki.name("middle"),
            not_before=NOW - pki.YEAR,
            not_after=NOW + pki.YEAR,
            issuer=OLD,
            key=middle.key,
            ca=True,
            identified=True,
        )
        write(tmp_path / "pki" / "middle-ca.crt", between.certificate_pem)
    assert expired(tmp_path, *configs) == {("ca.crt", "1")}


@pytest.mark.parametrize("named", [True, False])
def test_without_key_identifiers(tmp_path: Path, *, named: bool) -> None:
    """Of one name nobody can tell whose a leaf is: then the old one is judged. Of two names it is plain."""
    write(tmp_path / "pki" / "ca.crt", pems(NEW, OLD))
    with_leaf(tmp_path, leaf(NEW, named=named))
    assert expired(tmp_path) == (set() if named else {("ca.crt", "1")})
    old, new = (authority(f"signer@{number}", *days, named=False) for number, days in ((1, (-90, -5)), (2, (-40, 50))))
    write(tmp_path / "other" / "pki" / "ca.crt", pems(new, old))
    with_leaf(tmp_path / "other", leaf(new, named=False))
    assert expired(tmp_path / "other") == set()


def test_a_renewed_ca_of_the_same_key(tmp_path: Path) -> None:
    """It verifies all that the old one issued."""
    renewed = authority("kubernetes", -400, 3250, key=KEYS[0])
    write(tmp_path / "pki" / "ca.crt", pems(OLD, renewed))
    with_leaf(tmp_path, leaf(OLD))
    assert expired(tmp_path) == set()


@pytest.mark.parametrize(
    "other",
    [
        authority("another", -400, 3250),
        authority("cluster-2 kubernetes", -400, 3250),
        authority("kubernetes", -400, -5),
        authority("kubernetes", -4, 3650),
        authority("kubernetes", -3651, 3250),
    ],
    ids=["name", "longer name", "end", "gap", "older"],
)
def test_what_is_no_successor(tmp_path: Path, other: pki.Pair) -> None:
    """Of another name, not lasting longer, begun when the old one had ended, or begun before it."""
    write(tmp_path / "pki" / "ca.crt", pems(other, OLD))
    assert {name for name, _ in expired(tmp_path)} == {"ca.crt"}


def test_superseded_files_need_nothing(tmp_path: Path) -> None:
    """The kubelet's old files by the old signer are never presented again."""
    (tmp_path / "pki").mkdir()
    stamps = ("2025-06-15-00-00-00", "2026-03-15-00-00-00")
    for ca, stamp in zip((OLD, NEW), stamps, strict=True):
        made = pki.issue(
            pki.name("system:node:a", "system:nodes"),
            not_before=NOW - 30 * pki.DAY,
            not_after=NOW + 300 * pki.DAY,
            issuer=ca,
            usages=pki.CLIENT,
            identified=True,
        )
        for _ in pki.rotate(tmp_path / "pki", "kubelet-client", made.pem, stamp):
            pass
    write(tmp_path / "pki" / "ca.crt", pems(NEW, OLD))
    found = evaluate(scanned(tmp_path), Reading(host_time=NOW, synchronized=True))
    assert not [each for each in found if each.code is Code.CERTIFICATE_EXPIRED]


def test_a_components_bundle(tmp_path: Path) -> None:
    """Named by the API server: the newest of three is judged, and only that."""
    third = authority("kubernetes", -300, 20, key=KEYS[2])
    path = write(tmp_path / "pki" / "clients.pem", pems(OLD, third, NEW))
    command = ["kube-apiserver", f"--client-ca-file={path}"]
    pod = {"kind": "Pod", "spec": {"containers": [{"name": "kube-apiserver", "command": command}]}}
    write(tmp_path / "manifests" / "kube-apiserver.yaml", json.dumps(pod).encode())
    config = write(tmp_path / "kubelet.conf", b"kind: Config\n")
    (state,) = [each for each in scanned(tmp_path, config).paths if each.path == str(path)]
    assert [each.superseded for each in state.certificates] == [True, False, False]
