"""What a rotation of one link must not make of the files beside it."""

from pathlib import Path

from kubepki.model import PathState, Standing
from kubepki.pki.publish import GRACE_SECONDS, Publication, publish
from kubepki.pki.scan import Scanner
from kubepki.settings import ScanSettings
from tests.support import pki, scenarios


def _pair_of(publication: Publication) -> PathState:
    return next(state for state in publication.snapshot.paths if state.path.endswith("kubelet.crt"))


def test_the_static_pair_stays_superseded_while_the_serving_link_rotates(tmp_path: Path) -> None:
    """The moment without `kubelet-server-current.pem` does not make the old `kubelet.crt` current."""
    ca = pki.authority()
    scenarios.install(tmp_path, pki.server(ca), scenarios.OLD, "kubelet-server")
    scenarios.write(tmp_path / "kubelet.crt", pki.self_signed().certificate_pem)
    scanner = Scanner(scenarios.looking_at(tmp_path), ScanSettings())
    first = scanner.scan()
    publication = publish(None, first.snapshot, 0.0)
    assert _pair_of(publication).standing is Standing.SUPERSEDED
    for step in pki.rotate(tmp_path, "kubelet-server", pki.server(ca).pem, scenarios.stamp(scenarios.NEW)):
        publication = publish(publication, scanner.scan(first.current_links).snapshot, 1.0)
        assert _pair_of(publication).standing is Standing.SUPERSEDED, step


def test_the_static_pair_is_current_once_the_serving_link_stays_away(tmp_path: Path) -> None:
    """After the second of grace the kubelet's own pair counts again."""
    scenarios.install(tmp_path, pki.server(pki.authority()), scenarios.OLD, "kubelet-server")
    scenarios.write(tmp_path / "kubelet.crt", pki.self_signed().certificate_pem)
    scanner = Scanner(scenarios.looking_at(tmp_path), ScanSettings())
    publication = publish(None, scanner.scan().snapshot, 0.0)
    (tmp_path / "kubelet-server-current.pem").unlink()
    raw = scanner.scan().snapshot
    publication = publish(publication, raw, 1.0)
    assert _pair_of(publication).standing is Standing.SUPERSEDED
    assert _pair_of(publish(publication, raw, 1.0 + GRACE_SECONDS)).standing is Standing.CURRENT
