"""Output has limits, and what a component presents now is the last that they leave out."""

from pathlib import Path

from kubepki.model import Certificate, PathState, Snapshot, Standing, Usage
from kubepki.pki.kubeconfigs import MAX_REFERENCES
from kubepki.pki.limits import MAX_REMEMBERED_LINKS, most_certificates, remember, within
from kubepki.pki.scan import Scanner
from kubepki.settings import ScanSettings
from kubepki.texts import path_label
from tests.support import pki, scenarios


def state(name: str, count: int, standing: Standing = Standing.CURRENT) -> PathState:
    """Return a path with *count* certificates."""
    certificates = tuple(
        Certificate(
            entry=str(number),
            usage=Usage.CLIENT,
            subject="",
            issuer="",
            serial="",
            fingerprint_sha256="",
            not_before=0.0,
            not_after=0.0,
        )
        for number in range(count)
    )
    return PathState(path=f"/p/{name}", standing=standing, certificates=certificates)


def test_current_links_are_kept_before_leaves_before_chains_before_old_files() -> None:
    """Whatever is left out is counted where it was."""
    snapshot = Snapshot(
        paths=(
            state("a.pem", 3),
            state("b.pem", 2),
            state("kubelet-client-2026-01-01-00-00-00.pem", 1, Standing.SUPERSEDED),
            state("kubelet-client-current.pem", 2),
        )
    )
    assert within(snapshot, 8) is snapshot
    kept = {most: [len(each.certificates) for each in within(snapshot, most).paths] for most in range(1, 8)}
    assert kept[7] == [3, 2, 0, 2]
    assert kept[4] == [1, 1, 0, 2]
    assert kept[3] == [1, 0, 0, 2]
    assert kept[2] == [0, 0, 0, 2]
    assert kept[1] == [0, 0, 0, 1]
    for most in kept:
        cut = within(snapshot, most).paths
        assert sum(each.omitted + len(each.certificates) for each in cut) == 8


def test_bundles_are_bounded_in_all(tmp_path: Path) -> None:
    """A link beside bundles without end is told of whole, and the scan says how much is not."""
    bundle = pki.authority().certificate_pem * 1_000
    for number in range(7):
        (tmp_path / f"a{number}.pem").write_bytes(bundle + b"\n" * number)
    pki.install(tmp_path, "kubelet-client", pki.client(pki.authority()).pem, "2026-01-01-00-00-00")
    settings = ScanSettings(max_files=20)
    paths = Scanner(scenarios.looking_at(tmp_path), settings).scan().snapshot.paths
    assert sum(len(each.certificates) for each in paths) == most_certificates(20)
    assert sum(each.omitted for each in paths) == 7_001 - most_certificates(20)
    (link,) = [each for each in paths if each.link is not None]
    assert link.omitted == 0
    assert len(link.certificates) == 1


def test_links_are_remembered_as_long_as_there_is_room() -> None:
    """Those that were there first stay; kubeconfigs do not count."""
    first = frozenset({"/p/kubelet-client-current.pem"})
    flood = frozenset(f"/p/{number}-current.pem" for number in range(5_000))
    known = remember(first, flood | {"/p/kubelet.conf"})
    assert first <= known
    assert len(known) == MAX_REMEMBERED_LINKS + 1
    assert remember(known, flood) == known


def test_a_kubeconfig_names_no_more_files_than_are_looked_at(tmp_path: Path) -> None:
    """The others are counted."""
    users = [pki.User(name=str(number), certificate=f"{number}.crt", key=f"{number}.key") for number in range(1_500)]
    (tmp_path / "conf").write_bytes(pki.kubeconfig(users))
    (tmp_path / "pki").mkdir()
    settings = scenarios.looking_at(tmp_path / "pki", kubeconfigs=(tmp_path / "conf",))
    paths = Scanner(settings, ScanSettings()).scan().snapshot.paths
    assert len(paths) < MAX_REFERENCES + 10
    (config,) = [each for each in paths if each.path.endswith("conf")]
    assert config.omitted == 3_000 - MAX_REFERENCES


def test_a_label_of_a_path_is_cut_and_stays_unique() -> None:
    """A path may have four thousand bytes, each of them written as four."""
    long = "/" + "\udcff" * 4_000
    one, two = (path_label(f"{long}/{name}") for name in "ab")
    assert len(one) < 1_024
    assert one != two
    assert path_label("/a\\b") == "/a\\\\b"
