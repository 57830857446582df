"""One file is one series, under the name that uses it; and what was never a component's link is never expected."""

from pathlib import Path

import pytest

from kubepki.model import Reason, Standing
from kubepki.pki.scan import Scanner
from kubepki.settings import Directory, FilePattern, Kubeconfig, PkiSettings, ScanSettings
from tests.support import pki
from tests.support.scenarios import CLIENT, NOW, OLD, node, write

CA = pki.authority()


def kubespray(root: Path) -> PkiSettings:
    """Build kubespray's layout, /etc/kubernetes/pki a link to ssl, with the sources of both presets that it has."""
    ssl = root / "ssl"
    for name in ("apiserver", "front-proxy-client"):
        made = pki.peer(CA, name)
        write(ssl / f"{name}.crt", made.certificate_pem)
        write(ssl / f"{name}.key", made.key_pem)
    write(ssl / "ca.crt", CA.certificate_pem)
    (root / "pki").symlink_to(ssl, target_is_directory=True)
    files = tuple(FilePattern(pattern=f"{root}/pki/{name}.crt", wildcard=True) for name in ("ca", "apiserver"))
    return PkiSettings(directories=(Directory(path=str(ssl), explicit=False),), kubeconfigs=(), files=files, presets=())


def current(settings: PkiSettings) -> list[str]:
    """Return the paths of current certificates, ordered."""
    paths = Scanner(settings, ScanSettings()).scan().snapshot.paths
    return [state.path for state in paths if state.standing is Standing.CURRENT and state.certificates]


def test_each_file_of_kubespray_is_told_once(tmp_path: Path) -> None:
    """Two ways lead to it, and neither certificate is paged twice."""
    found = current(kubespray(tmp_path))
    assert len(found) == len({Path(path).resolve() for path in found}) == 3


@pytest.mark.parametrize("used", ["pki", "ssl"])
def test_the_name_that_a_kubeconfig_uses_is_the_series(tmp_path: Path, used: str) -> None:
    """Whichever of both it is; the others keep the name of their own place."""
    settings = kubespray(tmp_path)
    user = pki.User(certificate=f"{tmp_path}/{used}/apiserver.crt", key=f"{tmp_path}/{used}/apiserver.key")
    config = write(tmp_path / "kubelet.conf", pki.kubeconfig([user], [pki.Cluster(ca=f"{tmp_path}/{used}/ca.crt")]))
    found = current(
        PkiSettings(
            directories=settings.directories,
            files=settings.files,
            kubeconfigs=(Kubeconfig(path=str(config), optional=True),),
            presets=(),
        )
    )
    assert f"{tmp_path}/{used}/apiserver.crt" in found
    assert f"{tmp_path}/{used}/ca.crt" in found
    assert len([path for path in found if path.endswith("apiserver.crt")]) == 1


@pytest.mark.parametrize(
    "name",
    [
        ".#apiserver.crt",
        "._ca.crt",
        "apiserver.crt~",
        "apiserver.crt.bak",
        "#apiserver.crt#",
        "apiserver.crt",
        "kubelet-client-2026-01-01-00-00-00.pem",
        "kubelet-client-updated.pem",
        "current.pem",
        "-current.crt",
    ],
)
def test_what_was_never_a_current_link_is_never_expected(tmp_path: Path, name: str) -> None:
    """An editor's lock, a back-up, any link but a component's: its end is no fault, after a restart neither."""
    node(tmp_path, NOW)
    link = tmp_path / name
    link.symlink_to("user@host.1234:1700000000")
    settings = PkiSettings(
        directories=(Directory(path=str(tmp_path), explicit=True),), kubeconfigs=(), files=(), presets=()
    )
    scanner = Scanner(settings, ScanSettings())
    first = scanner.scan()
    assert str(link) not in first.current_links
    link.unlink()
    remembered = first.current_links | first.optional
    after = scanner.scan(remembered).snapshot
    assert str(link) not in {state.path for state in after.paths}
    assert not [fault for state in after.paths for fault in state.faults]


def pair(directory: Path, name: str = "apiserver", *, key: bytes | None = None) -> Path:
    made = pki.peer(CA, name)
    write(directory / f"{name}.key", key or made.key_pem)
    return write(directory / f"{name}.crt", made.certificate_pem)


def looking(root: Path, *kubeconfigs: Path) -> PkiSettings:
    places = tuple(Directory(path=str(root / name), explicit=False) for name in ("a", "b") if (root / name).exists())
    configs = tuple(Kubeconfig(path=str(each), optional=True) for each in kubeconfigs)
    return PkiSettings(directories=places, kubeconfigs=configs, presets=())


def faults(settings: PkiSettings) -> set[tuple[str, Reason]]:
    paths = Scanner(settings, ScanSettings()).scan().snapshot.paths
    return {(state.path, fault.reason) for state in paths for fault in state.faults}


def test_a_wrong_key_is_told_whichever_name_stays(tmp_path: Path) -> None:
    """A link to a file whose key is wrong, and a link with a wrong key beside it."""
    wrong = pki.key_pem(pki.new_key())
    first = pair(tmp_path / "a", key=wrong)
    second = pair(tmp_path / "a", "peer")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "server.crt").symlink_to(first)
    (tmp_path / "b" / "other.crt").symlink_to(second)
    write(tmp_path / "b" / "other.key", wrong)
    assert faults(looking(tmp_path)) == {
        (str(first), Reason.KEY_MISMATCH),
        (f"{tmp_path}/b/other.crt", Reason.KEY_MISMATCH),
    }


@pytest.mark.parametrize("directory", ["a", "b"])
def test_a_kubeconfig_that_pairs_a_file_with_another_key(tmp_path: Path, directory: str) -> None:
    """Another kubeconfig pairs it well: client-go refuses the first one all the same. `b` is a link to `a`."""
    path = pair(tmp_path / "a")
    other = write(tmp_path / "k" / "other.key", pki.key_pem(pki.new_key()))
    (tmp_path / "b").symlink_to(tmp_path / "a", target_is_directory=True)
    good = pki.User(certificate=str(path), key=str(path.with_suffix(".key")))
    bad = pki.User(certificate=f"{tmp_path}/{directory}/apiserver.crt", key=str(other))
    configs = [write(tmp_path / f"{name}.conf", pki.kubeconfig([user])) for name, user in (("x", good), ("y", bad))]
    told = str(configs[1]) if directory == "a" else f"{tmp_path}/b/apiserver.crt"
    assert faults(looking(tmp_path, *configs)) == {(told, Reason.KEY_MISMATCH)}


@pytest.mark.parametrize("how", ["link", "hard link"])
def test_one_kubeconfig_by_two_names(tmp_path: Path, how: str) -> None:
    """It is told once."""
    made = pki.client(CA)
    first = write(tmp_path / "admin.conf", pki.kubeconfig([pki.User(certificate=made.pem, key=made.key_pem)]))
    second = tmp_path / "other.conf"
    if how == "link":
        second.symlink_to(first)
    else:
        second.hardlink_to(first)
    assert current(looking(tmp_path, first, second)) == [str(first)]


def test_a_current_link_of_another_directory(tmp_path: Path) -> None:
    """It is one more name of the kubelet's own, unless a kubelet writes beside it."""
    node(tmp_path / "a", NOW)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / CLIENT).symlink_to(tmp_path / "a" / CLIENT)
    assert current(looking(tmp_path)) == [f"{tmp_path}/a/{CLIENT}"]
    node(tmp_path / "b", OLD)
    assert current(looking(tmp_path)) == [f"{tmp_path}/{name}/{CLIENT}" for name in ("a", "b")]


def test_one_broken_key_by_two_names(tmp_path: Path) -> None:
    """Two kubeconfigs name it through a link of its directory: one page."""
    path = pair(tmp_path / "a", key=b"nothing")
    (tmp_path / "b").symlink_to(tmp_path / "a", target_is_directory=True)
    users = [
        pki.User(certificate=f"{tmp_path}/{name}/{path.name}", key=f"{tmp_path}/{name}/apiserver.key") for name in "ab"
    ]
    configs = [write(tmp_path / f"{number}.conf", pki.kubeconfig([user])) for number, user in enumerate(users)]
    assert len([path for path, _ in faults(looking(tmp_path, *configs)) if path.endswith(".key")]) == 1
