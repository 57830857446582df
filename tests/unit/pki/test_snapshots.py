"""Which files of a tree are told, under which path and standing."""

from pathlib import Path

import pytest

from kubepki.model import PathState, Reason, Standing, Usage
from kubepki.pki.scan import Scanner
from kubepki.pki.states import PUBLISHED_SUPERSEDED
from kubepki.settings import Directory, FilePattern, PkiSettings, ScanSettings
from tests.support import pki
from tests.support.scenarios import CLIENT, NEW, OLD, SERVER, install, looking_at, node, stamp, write


def states(settings: PkiSettings, scan: ScanSettings | None = None) -> dict[str, PathState]:
    """Return the published states by the last component of their paths."""
    snapshot = Scanner(settings, scan or ScanSettings()).scan().snapshot
    assert [state.path for state in snapshot.paths] == sorted({state.path for state in snapshot.paths})
    return {state.path.rpartition("/")[2]: state for state in snapshot.paths}


def paths_of(settings: PkiSettings) -> list[str]:
    """Return the published paths."""
    return [state.path for state in Scanner(settings, ScanSettings()).scan().snapshot.paths]


def files(*patterns: str) -> PkiSettings:
    return PkiSettings(
        directories=(),
        files=tuple(FilePattern(pattern=pattern, wildcard="*" in pattern) for pattern in patterns),
        kubeconfigs=(),
    )


def test_the_target_of_a_link_is_told_once(tmp_path: Path) -> None:
    """The file that the link leads to is told under the link's name, the one before as superseded."""
    node(tmp_path / "pki", OLD, NEW)
    found = states(looking_at(tmp_path / "pki"))
    assert set(found) == {"pki", CLIENT, f"kubelet-client-{stamp(OLD)}.pem"}
    assert found[CLIENT].standing is Standing.CURRENT
    assert found[f"kubelet-client-{stamp(OLD)}.pem"].standing is Standing.SUPERSEDED


def test_of_superseded_files_the_newest_are_told_and_all_considered(tmp_path: Path) -> None:
    """Ten by NotBefore and ten by name of those without a certificate; all are candidates."""
    directory, ca = tmp_path / "pki", pki.authority()
    key = pki.new_key()
    for number in range(15):
        # The name that sorts first has the newest NotBefore.
        pair = pki.client(ca, not_before=OLD - number * pki.DAY, key=key)
        write(directory / f"kubelet-client-{stamp(OLD + number)}.pem", pair.pem)
        write(directory / f"kubelet-client-{stamp(NEW + number)}.pem", b"")
    install(directory, pki.client(ca, not_before=NEW + pki.DAY), NEW + pki.DAY)
    found = states(looking_at(directory))
    told = {name for name, state in found.items() if state.standing is Standing.SUPERSEDED}
    readable = {f"kubelet-client-{stamp(OLD + number)}.pem" for number in range(PUBLISHED_SUPERSEDED)}
    broken = {f"kubelet-client-{stamp(NEW + 14 - number)}.pem" for number in range(PUBLISHED_SUPERSEDED)}
    assert told == readable | broken
    assert len(found[CLIENT].candidates) == 30
    assert sum(not candidate.objections for candidate in found[CLIENT].candidates) == 15


def test_what_keeps_a_superseded_file_from_being_a_fallback(tmp_path: Path) -> None:
    """Another subject, a foreign key and a CA that the kubeconfig does not trust are objections."""
    directory = tmp_path / "pki"
    ca = node(directory, NEW)
    good, other = pki.client(ca, not_before=OLD), pki.client(ca, "node31", not_before=OLD)
    foreign = pki.client(pki.authority("kubernetes"), not_before=OLD)
    contents = (good.pem, other.pem, foreign.pem, good.certificate_pem + other.key_pem, good.certificate_pem)
    for number, data in enumerate(contents):
        write(directory / f"kubelet-client-{stamp(OLD + number)}.pem", data)
    config = write(tmp_path / "kubelet.conf", pki.kubeconfig([pki.User()], [pki.Cluster(ca=ca.certificate_pem)]))
    link = states(looking_at(directory, kubeconfigs=(config,)))[CLIENT]
    verdicts = {candidate.path: bool(candidate.objections) for candidate in link.candidates}
    assert [verdicts[f"{directory}/kubelet-client-{stamp(OLD + number)}.pem"] for number in range(5)] == [
        False,
        True,
        True,
        True,
        True,
    ]


def test_the_static_serving_certificate(tmp_path: Path) -> None:
    """`kubelet.crt` is current until the kubelet has a rotated one, and self-signed unless a CA file holds its CA."""
    directory = tmp_path / "pki"
    serving = pki.self_signed(not_before=NEW)
    write(directory / "kubelet.crt", serving.certificate_pem)
    write(directory / "kubelet.key", serving.key_pem)
    before = states(looking_at(directory))["kubelet.crt"]
    assert (before.standing, before.key_match) == (Standing.CURRENT, True)
    assert {certificate.usage for certificate in before.certificates} == {Usage.SELF_SIGNED}
    install(directory, pki.server(pki.authority(), not_before=NEW), NEW, "kubelet-server")
    after = states(looking_at(directory))
    assert after["kubelet.crt"].standing is Standing.SUPERSEDED
    assert after[SERVER].standing is Standing.CURRENT
    held = pki.Pair(certificate=serving.chain[0], key=serving.key)
    write(tmp_path / "ca.crt", held.certificate_pem)
    settings = PkiSettings(
        directories=(Directory(path=str(directory), explicit=True),),
        files=(FilePattern(pattern=str(tmp_path / "ca.crt"), wildcard=False),),
        kubeconfigs=(),
    )
    (directory / SERVER).unlink()
    trusted = states(settings)["kubelet.crt"]
    assert [certificate.usage for certificate in trusted.certificates] == [Usage.SERVER, Usage.CA]


def test_one_state_for_a_path_that_several_sources_name(tmp_path: Path) -> None:
    """A directory, a glob and a file that meet: one state; the one that is expected decides when it is gone."""
    write(tmp_path / "a.crt", pki.authority().certificate_pem)
    settings = PkiSettings(
        directories=(Directory(path=str(tmp_path), explicit=False),),
        files=(
            FilePattern(pattern=f"{tmp_path}/*.crt", wildcard=True),
            FilePattern(pattern=f"{tmp_path}/a.crt", wildcard=False),
        ),
        kubeconfigs=(),
    )
    assert set(states(settings)) == {"a.crt"}
    (tmp_path / "a.crt").unlink()
    assert [fault.reason for fault in states(settings)["a.crt"].faults] == [Reason.MISSING]


def test_a_glob_is_never_expected(tmp_path: Path) -> None:
    """Nothing there is no fault; a file without certificates is none of our business."""
    assert states(files(f"{tmp_path}/**/*.crt")) == {}
    write(tmp_path / "key.crt", pki.key_pem(pki.new_key()))
    assert states(files(f"{tmp_path}/**/*.crt")) == {}
    assert [fault.reason for fault in states(files(f"{tmp_path}/key.crt"))["key.crt"].faults] == [Reason.NO_CERTIFICATE]


def test_more_files_than_allowed(tmp_path: Path) -> None:
    """By globs, and in a directory: as many as allowed are told, and the directory has the fault."""
    directory = tmp_path / "many"
    for number in range(5):
        write(directory / f"{number}.crt", pki.authority().certificate_pem)
    limited = ScanSettings(max_files=3)
    for settings in (files(f"{directory}/*.crt"), looking_at(directory)):
        found = states(settings, limited)
        assert [fault.reason for fault in found.pop("many").faults] == [Reason.TOO_MANY_FILES]
        assert len(found) == 3


def test_a_dated_file_that_is_named_is_told_once(tmp_path: Path) -> None:
    """What the operator names is judged; where a component's link leads to the same file, under the link's name."""
    node(tmp_path / "pki", NEW)
    dated = tmp_path / "pki" / f"kubelet-client-{stamp(NEW)}.pem"
    settings = PkiSettings(
        directories=(Directory(path=str(tmp_path / "pki"), explicit=True),),
        files=(FilePattern(pattern=str(dated), wildcard=False),),
        kubeconfigs=(),
    )
    found = states(settings)
    assert found[CLIENT].standing is Standing.CURRENT
    assert dated.name not in found


def test_an_alias_of_a_directory_tells_nothing_twice(tmp_path: Path) -> None:
    """Kubespray's /etc/kubernetes/pki is a link to /etc/kubernetes/ssl: each file is told under its real directory."""
    node(tmp_path / "ssl", NEW, OLD)
    (tmp_path / "pki").symlink_to("ssl")
    both = tuple(Directory(path=str(tmp_path / name), explicit=False) for name in ("pki", "ssl"))
    found = paths_of(PkiSettings(directories=both, kubeconfigs=()))
    assert {path for path in found if path.startswith(f"{tmp_path}/pki/")} == set()
    assert len([path for path in found if path.startswith(f"{tmp_path}/ssl/")]) == 2


def test_the_name_that_a_kubeconfig_uses_is_told(tmp_path: Path) -> None:
    """Of two hard links to one CA the one that a kubeconfig names keeps its series."""
    (tmp_path / "pki").mkdir()
    ca = pki.authority()
    (tmp_path / "pki" / "a.crt").write_bytes(ca.certificate_pem)
    (tmp_path / "z.crt").hardlink_to(tmp_path / "pki" / "a.crt")
    named = FilePattern(pattern=str(tmp_path / "z.crt"), wildcard=False)
    settings = PkiSettings(
        directories=(Directory(path=str(tmp_path / "pki"), explicit=False),), files=(named,), kubeconfigs=()
    )
    assert paths_of(settings) == [str(tmp_path / "z.crt")]


@pytest.mark.parametrize(
    "name", [".#apiserver.crt", "._ca.crt", ".ca.crt.swp", "#ca.crt#", "~ca.crt", ".x-current.pem"]
)
def test_what_no_component_reads_is_not_there(tmp_path: Path, name: str) -> None:
    """An editor's lock, which is a dangling link, or a Mac's resource file pages nobody, in a directory and by glob."""
    (tmp_path / name).symlink_to("nowhere")
    directory = Directory(path=str(tmp_path), explicit=False)
    pattern = FilePattern(pattern=f"{tmp_path}/**/*.*", wildcard=True)
    settings = PkiSettings(directories=(directory,), files=(pattern,), kubeconfigs=())
    assert [path for path in paths_of(settings) if not path.endswith("#")] == []


def test_what_the_operator_ignores_is_counted_and_not_told(tmp_path: Path) -> None:
    """Whoever names it: a directory, a glob or the configuration."""
    node(tmp_path, NEW)
    broken = tmp_path / "broken.crt"
    broken.write_bytes(b"nothing")
    settings = PkiSettings(
        directories=(Directory(path=str(tmp_path), explicit=False),),
        files=(FilePattern(pattern=str(broken), wildcard=False),),
        kubeconfigs=(),
        ignore=(f"{tmp_path}/bro*.crt",),
    )
    snapshot = Scanner(settings, ScanSettings()).scan().snapshot
    assert str(broken) not in {state.path for state in snapshot.paths}
    assert snapshot.ignored == 1
