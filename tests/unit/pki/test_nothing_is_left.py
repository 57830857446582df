"""What has gone leaves nothing behind, although only what changed is looked at: a storm must not cost memory."""

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kubepki.formats.parsed import ParsedFile
from kubepki.pki.content import Content, _Entry
from kubepki.pki.scan import Scanner
from kubepki.pki.states import Loaded
from kubepki.settings import Directory, Kubeconfig, PkiSettings, ScanSettings
from tests.support import costly, pki
from tests.support.scenarios import CLIENT, stamp

_TIMES = 150
# What a cache may have of former contents, and what the last few scans have.
_SPARE = 120
_CA = pki.authority()
_PAIR = pki.client(_CA)
_CLUSTER = pki.Cluster(ca=_CA.certificate_pem)
_Change = Iterator[set[Path]]


def _rotations(directory: Path) -> _Change:
    former = None
    for number in range(_TIMES):
        now = pki.install(directory, "kubelet-client", _PAIR.pem, stamp(pki.NEW_YEAR + number))
        if former is not None:
            former.unlink()
        yield {directory / CLIENT, now, *({former} if former else ())}
        former = now


def _come_and_go(*names: str, data: tuple[bytes, ...]) -> Callable[[Path], _Change]:
    def changes(directory: Path) -> _Change:
        for number in range(_TIMES):
            paths = [directory / f"{number}{name}" for name in names]
            for path, content in zip(paths, data, strict=True):
                path.write_bytes(content)
            yield set(paths)
            for path in paths:
                path.unlink()
            yield set(paths)

    return changes


def _links(directory: Path) -> _Change:
    for number in range(_TIMES):
        path = directory / f"{number}.pem"
        path.symlink_to(CLIENT)
        yield {path}
        path.unlink()
        yield {path}


def _rewritten(directory: Path) -> _Change:
    path = directory / "kubelet.conf"
    for number in range(_TIMES):
        path.write_bytes(pki.kubeconfig([pki.User(certificate=_PAIR.certificate_pem)], [_CLUSTER]) + b"#" * number)
        yield {path}


@pytest.mark.parametrize(
    "changes",
    [
        _rotations,
        _come_and_go(".crt", ".key", data=(_PAIR.certificate_pem, _PAIR.key_pem)),
        _come_and_go(".p12", data=(costly.pkcs12(1),)),
        _come_and_go(".pem", data=(b"nothing",)),
        _links,
        _rewritten,
    ],
    ids=["rotations", "pairs", "bundles", "nonsense", "links", "kubeconfig"],
)
def test_what_came_and_went_leaves_nothing(changes: Callable[[Path], _Change], tmp_path: Path) -> None:
    """No more is held after hundreds of changes than after a few, be there a look at everything in between or not."""
    directory = tmp_path / "pki"
    directory.mkdir()
    pki.install(directory, "kubelet-client", _PAIR.pem, "2025-01-01-00-00-00")
    (directory / "kubelet.conf").write_bytes(pki.kubeconfig([pki.User(certificate=_PAIR.certificate_pem)], [_CLUSTER]))
    settings = PkiSettings(
        directories=(Directory(path=str(directory), explicit=True),),
        files=(),
        kubeconfigs=(Kubeconfig(path=str(directory / "kubelet.conf"), optional=False),),
        presets=(),
    )
    moments = iter(range(10**9))
    scanner = Scanner(settings, ScanSettings(), boottime=lambda: float(next(moments)))
    scanner.scan()
    before = _held()
    for paths in changes(directory):
        scanner.scan(changed=frozenset({str(directory), *map(os.fspath, paths)}))
    assert _held() - before < _SPARE


def _held() -> int:
    gc.collect()
    return sum(isinstance(each, (Content, _Entry, Loaded, ParsedFile)) for each in gc.get_objects())
