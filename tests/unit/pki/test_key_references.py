"""A kubeconfig's `client-key` that lies in a watched directory."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kubepki.model import PathState, Reason, Standing
from kubepki.pki.scan import Scanner
from kubepki.settings import ScanSettings
from tests.support import pki, scenarios


def _faults(directory: Path, certificate: Path, key: Path) -> set[tuple[str, Reason]]:
    config = scenarios.write(
        directory.parent / "kubelet.conf",
        pki.kubeconfig(users=[pki.User(certificate=str(certificate), key=str(key))]),
    )
    settings = scenarios.looking_at(directory, kubeconfigs=(config,))
    snapshot = Scanner(settings, ScanSettings()).scan().snapshot
    return {(Path(state.path).name, fault.reason) for state in snapshot.paths for fault in state.faults}


def test_a_key_beside_the_certificates_is_no_file_without_certificate(tmp_path: Path) -> None:
    """The directory lists it as a possible certificate; the kubeconfig says that it is a key."""
    pair = pki.client(pki.authority())
    certificate = scenarios.write(tmp_path / "pki" / "node.pem", pair.certificate_pem)
    key = scenarios.write(tmp_path / "pki" / "node-key.pem", pair.key_pem)
    assert _faults(tmp_path / "pki", certificate, key) == set()


def test_a_key_that_is_no_key_is_told(tmp_path: Path) -> None:
    """A certificate in its place is no private key."""
    pair = pki.client(pki.authority())
    certificate = scenarios.write(tmp_path / "pki" / "node.crt", pair.certificate_pem)
    key = scenarios.write(tmp_path / "pki" / "node-key.pem", pair.certificate_pem)
    assert ("node-key.pem", Reason.NO_PRIVATE_KEY) in _faults(tmp_path / "pki", certificate, key)


def test_the_current_link_named_as_the_key_alone_is_judged_as_what_it_is(tmp_path: Path) -> None:
    """A file with a certificate and a foreign key is a mismatch, also where only its key is named."""
    ca = pki.authority()
    broken = pki.client(ca).certificate_pem + pki.client(ca).key_pem
    pki.install(_made(tmp_path / "pki"), "kubelet-client", broken, scenarios.stamp(scenarios.OLD))
    link = tmp_path / "pki" / scenarios.CLIENT
    certificate = scenarios.write(tmp_path / "pki" / "node.crt", pki.server(ca).certificate_pem)
    assert (scenarios.CLIENT, Reason.KEY_MISMATCH) in _faults(tmp_path / "pki", certificate, link)


@pytest.mark.parametrize("named", ["certificate", "key"])
@pytest.mark.parametrize("own", [True, False])
def test_one_half_is_embedded_and_the_other_is_named(tmp_path: Path, named: str, own: bool) -> None:  # noqa: FBT001
    """client-go pairs what is embedded with what is named, whatever else the named file holds."""
    ca = pki.authority()
    mine, other = pki.client(ca), pki.client(ca)
    half = mine if own else other
    file = scenarios.write(tmp_path / "client.pem", mine.pem)
    if named == "certificate":
        user = pki.User(certificate=str(file), key=half.key_pem)
    else:
        user = pki.User(certificate=half.certificate_pem, key=str(file))
    config = scenarios.write(tmp_path / "kubelet.conf", pki.kubeconfig(users=[user]))
    settings = scenarios.looking_at(_made(tmp_path / "pki"), kubeconfigs=(config,))
    found = {state.path: state.faults for state in Scanner(settings, ScanSettings()).scan().snapshot.paths}
    assert [fault.reason for fault in found[str(config)]] == ([] if own else [Reason.KEY_MISMATCH])


def test_a_key_that_go_passes_over_gives_way_to_the_one_beside(tmp_path: Path) -> None:
    """An indented END line ends no block, so the component reads the key file that it is given."""
    pair = pki.client(pki.authority())
    indented = pair.key_pem.replace(b"-----END", b"  -----END") + b"  " + pair.key_pem
    certificate = scenarios.write(_made(tmp_path / "pki") / "apiserver.crt", pair.certificate_pem + indented)
    for content, healthy in ((pair.key_pem, True), (indented, False)):
        scenarios.write(tmp_path / "pki" / "apiserver.key", content)
        snapshot = Scanner(scenarios.looking_at(tmp_path / "pki"), ScanSettings()).scan().snapshot
        (faults,) = [state.faults for state in snapshot.paths if state.path == str(certificate)]
        assert (not faults) == healthy


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory


def _of_two_contexts(directory: Path, current: str) -> dict[str, PathState]:
    """Return by name the states of a kubeconfig with files for `here` and for `there`, of which *current* is taken."""
    users = [
        {"name": name, "user": {"client-certificate": f"{name}.crt", "client-key": f"{name}.key"}} for name in PLACES
    ]
    cluster = {"server": "https://127.0.0.1:6443"}
    clusters = [{"name": name, "cluster": {**cluster, "certificate-authority": f"{name}-ca.crt"}} for name in PLACES]
    contexts = [{"name": name, "context": {"user": name, "cluster": name}} for name in PLACES]
    document = {"users": users, "clusters": clusters, "contexts": contexts, "current-context": current}
    config = scenarios.write(
        directory / "admin.conf", json.dumps({"kind": "Config", "apiVersion": "v1", **document}).encode()
    )
    settings = replace(scenarios.looking_at(directory, kubeconfigs=(config,)), directories=())
    return {Path(state.path).name: state for state in Scanner(settings, ScanSettings()).scan().snapshot.paths}


PLACES = ("here", "there")


@pytest.mark.parametrize("current", PLACES)
def test_nobody_reads_the_files_of_another_context(tmp_path: Path, current: str) -> None:
    """What is gone of it is not expected, and what is broken or ended of it is superseded."""
    ca = pki.authority()
    pair, other = pki.client(ca), next(name for name in PLACES if name != current)
    for name, content in (("crt", pair.certificate_pem), ("key", pair.key_pem)):
        scenarios.write(tmp_path / f"{current}.{name}", content)
    scenarios.write(tmp_path / f"{current}-ca.crt", ca.certificate_pem)
    states = _of_two_contexts(tmp_path, current)
    assert set(states) == {"admin.conf", f"{current}.crt", f"{current}.key", f"{current}-ca.crt"}
    assert not any(state.faults for state in states.values())
    scenarios.write(tmp_path / f"{other}.crt", pair.certificate_pem[:-40])
    state = _of_two_contexts(tmp_path, current)[f"{other}.crt"]
    assert state.faults
    assert state.standing is Standing.SUPERSEDED
    # As soon as it is the current one, it is what is presented.
    found = _of_two_contexts(tmp_path, other)
    assert found[f"{other}.crt"].standing is Standing.CURRENT
    assert [fault.reason for fault in found[f"{other}-ca.crt"].faults] == [Reason.MISSING]


def test_without_a_current_context_everybodys_files_are_expected(tmp_path: Path) -> None:
    """Nobody can tell which are read."""
    states = _of_two_contexts(tmp_path, "")
    assert {name for name, state in states.items() if state.faults} == {
        "admin.conf",
        *(f"{place}{end}" for place in PLACES for end in (".crt", ".key", "-ca.crt")),
    }
