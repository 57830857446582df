"""What proves a fallback is what the API server verifies its client by: Go, at each time and with each chain."""

import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given

from kubepki.judgement.fallbacks import RepairTimes, fallback_objections, is_usable
from kubepki.pki.scan import Scanner
from kubepki.settings import Directory, Kubeconfig, PkiSettings, ScanSettings
from tests.conformance import asn1
from tests.conformance.chains import (
    CHAIN_DIFFERENCES,
    DAY,
    LEAF,
    LOW,
    MIDDLE,
    NOW,
    ROOT,
    Case,
    ChainDifference,
    case,
    cases,
    pem,
)
from tests.conformance.test_files import EXAMPLES
from tests.support import pki
from tests.support.oracle import Oracle

LONG = case([LEAF, ROOT]).chain[1]
TIMES = (NOW, NOW + 2 * DAY, NOW - 2 * DAY, NOW + 20 * DAY)


def usable(root: Path, made: Case, *times: float) -> list[tuple[str, ...]]:
    """Return what stands against the file as a fallback of a link, by the API server's own CAs, at each of *times*."""
    directory = root / "pki"
    directory.mkdir()
    old, new = (directory / f"kubelet-client-2025-0{month}-01-00-00-00.pem" for month in (1, 2))
    old.write_bytes(made.file)
    current = case([replace(LEAF, subject=made.subject), ROOT])
    new.write_bytes(current.file)
    (directory / "kubelet-client-current.pem").symlink_to(new.name)
    cas, config = root / "clients.crt", root / "kubelet.conf"
    cas.write_bytes(made.roots)
    config.write_bytes(pki.kubeconfig([pki.User()]))
    command = ["kube-apiserver", f"--client-ca-file={cas}"]
    pod = {"kind": "Pod", "spec": {"containers": [{"name": "kube-apiserver", "command": command}]}}
    (root / "manifests").mkdir()
    (root / "manifests" / "kube-apiserver.yaml").write_text(json.dumps(pod))
    settings = PkiSettings(
        directories=(Directory(path=str(directory), explicit=True),),
        kubeconfigs=(Kubeconfig(path=str(config), optional=False),),
        presets=(),
    )
    states = Scanner(settings, ScanSettings()).scan().snapshot.paths
    (found,) = [each for state in states for each in state.candidates if each.path == str(old)]
    repairs = [RepairTimes(times=(("the given time", time),), margin=0.0, kubelet=time) for time in times]
    assert all(is_usable(found, each) is not bool(fallback_objections(found, each)) for each in repairs)
    return [fallback_objections(found, each) for each in repairs]


def compared(made: Case, oracle: Oracle, *times: float) -> list[tuple[bool, tuple[str, ...], str]]:
    """Return for each of *times* whether Go takes the client, what the exporter has against it, and what Go says."""
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        against = usable(root, made, *times)
        pair = root / "pair.pem"
        pair.write_bytes(made.file)
        said = [oracle.ask("client", root / "clients.crt", pair, time=time) for time in times]
    return [(answer.taken, objections, answer.error) for answer, objections in zip(said, against, strict=True)]


@given(cases())
@EXAMPLES
def test_chains(oracle: Oracle, made: Case) -> None:
    """A file is usable exactly where the API server, with these CAs and at this time, authenticates its user."""
    for taken, objections, error in compared(made, oracle, *TIMES):
        assert taken is not bool(objections), (error, objections)


NAMED: dict[str, tuple[Callable[[], Case], bool]] = {
    "as it is": (lambda: case([LEAF, ROOT]), True),
    "over two others": (lambda: case([LEAF, LOW, MIDDLE, ROOT]), True),
    "an expired root": (lambda: case([LEAF, replace(ROOT, ends=-1)]), False),
    "a root of the future": (lambda: case([LEAF, replace(ROOT, begins=1)]), False),
    "an expired CA between": (lambda: case([LEAF, replace(MIDDLE, ends=-1), ROOT]), False),
    "a renewed root with the same key": (
        lambda: case([LEAF, ROOT], more=case([LEAF, replace(ROOT, ends=-1)]).roots),
        True,
    ),
    "an intermediate that nobody shows": (lambda: case([LEAF, MIDDLE, ROOT], shown=[0]), False),
    "an intermediate that is trusted": (lambda: case([LEAF, MIDDLE, ROOT], shown=[0], roots=[1, 2]), True),
    "a root that signs no certificates": (lambda: case([LEAF, replace(ROOT, key_usage=b"\x03\x02\x05\xa0")]), False),
    "a root that is no CA": (lambda: case([LEAF, replace(ROOT, ca=False)]), False),
    "a root without constraints": (lambda: case([LEAF, replace(ROOT, ca=None)]), False),
    "a root of version 1": (lambda: case([LEAF, replace(ROOT, version=1)]), True),
    "a CA of version 1 between": (lambda: case([LEAF, replace(MIDDLE, version=1), ROOT]), False),
    "a root for servers": (lambda: case([LEAF, replace(ROOT, purposes=("2b06010505070301",))]), False),
    "a leaf for servers": (lambda: case([replace(LEAF, purposes=("2b06010505070301",)), ROOT]), False),
    "a path that is too long": (lambda: case([LEAF, MIDDLE, replace(ROOT, path=0)]), False),
    "SHA-1": (lambda: case([replace(LEAF, sha="1"), ROOT]), False),
    "the leaf as its own CA": (lambda: case([LEAF, ROOT], roots=[0]), True),
}


@pytest.mark.parametrize("kind", NAMED)
def test_named_chains(kind: str, oracle: Oracle) -> None:
    """Go and the exporter say the same, and what this table says."""
    make, expected = NAMED[kind]
    ((taken, objections, error),) = compared(make(), oracle, NOW)
    assert (taken, not objections) == (expected, expected), (error, objections)


@pytest.mark.parametrize("row", CHAIN_DIFFERENCES, ids=lambda each: each.case)
def test_each_row_of_chains_is_so(row: ChainDifference, oracle: Oracle) -> None:
    """Where the exporter is more careful than Go, it is so as docs/conformance.md says."""
    ((taken, objections, error),) = compared(row.made(), oracle, NOW)
    assert taken, error
    assert objections


@pytest.mark.parametrize(
    "damaged",
    [asn1.Parts(serial=b"\x02\x01\x80").encoded(), b"\x30\0", b"", LONG[:-9]],
    ids=["serial", "none", "empty", "cut"],
)
def test_a_damaged_certificate_behind_the_leaf(oracle: Oracle, damaged: bytes) -> None:
    """The other side of the handshake reads each, and refuses before anything is verified."""
    made = case([LEAF, MIDDLE, ROOT])
    ((taken, objections, error),) = compared(replace(made, file=made.file + pem(damaged)), oracle, NOW)
    assert (taken, bool(objections)) == (False, True), (error, objections)
