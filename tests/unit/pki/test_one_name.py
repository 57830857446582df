"""One file is one series, under the name that uses it; and what was never a component's link is never expected."""

from pathlib import Path

import pytest

from kubepki.model import Standing
from kubepki.pki.scan import Scanner
from kubepki.settings import Directory, FilePattern, Kubeconfig, PkiSettings, ScanSettings
from tests.support import pki
from tests.support.scenarios import NOW, node, write

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
