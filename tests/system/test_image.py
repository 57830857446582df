"""The container image: read by another program, and run as the kubelet runs the static pods."""

import json
import shutil
import stat
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubepki.config.presets import AUTO, NAMES, expand
from tests.conftest import ROOT
from tests.support import pki
from tests.support.running import running
from tests.support.waiting import wait_until
from tests.system.conftest import build

pytestmark = pytest.mark.system

PODS = ROOT / "systemd" / "kubernetes" / "static-pod"
PRESETS = [name for name in NAMES if name != AUTO]
LARGEST = 64 << 20


@pytest.fixture(scope="session")
def image(program: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the image of this tree, built for this machine's architecture."""
    program("dpkg-buildpackage")
    return build("build-image.sh", DIST=str(tmp_path_factory.mktemp("dist")))


@pytest.fixture(scope="session")
def unpacked(
    image: Path, program: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, Any]]:
    """Yield the root file system as skopeo hands it to a container runtime, and the image's configuration."""
    copied, root = tmp_path_factory.mktemp("copied"), tmp_path_factory.mktemp("root")
    # It compares each digest with what it reads.
    subprocess.run((program("skopeo"), "copy", "--quiet", f"oci-archive:{image}", f"dir:{copied}"), check=True)
    manifest = json.loads((copied / "manifest.json").read_text())
    for layer in manifest["layers"]:
        with tarfile.open(copied / layer["digest"].removeprefix("sha256:")) as archive:
            archive.extractall(root, filter="tar")
    yield root, json.loads((copied / manifest["config"]["digest"].removeprefix("sha256:")).read_text())
    shutil.rmtree(root)


def pod_command(bwrap: Path, pod: str, image: tuple[Path, Any], host: Path) -> list[str]:
    """Return the command that runs the static pod of the manifest *pod* from *image* on the tree *host*."""
    root, config = image
    spec = yaml.safe_load((PODS / f"{pod}.yaml").read_text())["spec"]
    (container,) = spec["containers"]
    context = container["securityContext"]
    assert context["readOnlyRootFilesystem"]
    assert not context["allowPrivilegeEscalation"]
    assert context["capabilities"]["drop"] == ["ALL"]
    line = [str(bwrap), "--die-with-parent", "--unshare-pid", "--unshare-ipc", "--ro-bind", str(root), "/"]
    line += ["--proc", "/proc", "--dev", "/dev", "--cap-drop", "ALL", "--clearenv"]
    for capability in context["capabilities"]["add"]:
        line += ["--cap-add", f"CAP_{capability}"]
    volumes = {each["name"]: each["hostPath"]["path"] for each in spec["volumes"]}
    for mount in container["volumeMounts"]:
        place = host / volumes[mount["name"]].lstrip("/")
        if not place.exists():
            place.mkdir(parents=True)
        # As a container runtime does before it makes the root read-only.
        point = root / mount["mountPath"].lstrip("/")
        if not point.exists():
            point.mkdir(parents=True)
        line += ["--ro-bind" if mount.get("readOnly") else "--bind", str(place), mount["mountPath"]]
    for variable in config["config"]["Env"]:
        line += ["--setenv", *variable.split("=", 1)]
    return [*line, *config["config"]["Entrypoint"], *container["args"]]


def furnish(host: Path, preset: str) -> Path:
    """Put a certificate below the tree *host* where a host with *preset* has one; return its path on that host."""
    sources = expand((preset,), lambda _path: True)
    (host / "etc").mkdir(parents=True, exist_ok=True)
    (host / "etc" / "localtime").touch()
    data = pki.client(pki.authority(), not_before=time.time() - pki.DAY).pem
    if not sources.directories:
        path = Path(sources.files[0].pattern.replace("*", "a"))
        written = host / str(path).lstrip("/")
        written.parent.mkdir(parents=True)
        written.write_bytes(data)
    else:
        path = Path(sources.directories[0].path) / "kubelet-client-current.pem"
        place = host / str(path.parent).lstrip("/")
        place.mkdir(parents=True)
        written = pki.install(place, "kubelet-client", data, "2026-01-01-00-00-00")
        # The link leads to where the file is on its host.
        (place / path.name).unlink()
        (place / path.name).symlink_to(path.with_name(written.name))
    # Even its owner reads it with the capability alone.
    written.chmod(0)
    return path


@pytest.mark.parametrize("preset", PRESETS)
def test_static_pod_serves_what_its_preset_names(
    preset: str,
    unpacked: tuple[Path, Any],
    program: Callable[[str], Path],
    tmp_path: Path,
    superuser: None,  # noqa: ARG001 - only root gives a capability
) -> None:
    """With its read-only root, one capability and its mounts alone it reads, parses, serves and remembers."""
    host = tmp_path / "host"
    path = furnish(host, preset)
    line = pod_command(program("bwrap"), preset, unpacked, host)
    with running(log=tmp_path / "log", program=line) as exporter:
        wait_until(lambda: exporter.get("/-/ready")[0] == HTTPStatus.OK, describe="the first scan")
        scrape = exporter.scrape()
        assert scrape.find("kubepki_certificate_not_after_timestamp_seconds", path=str(path)), exporter.log()
        state = host / "var/lib/kubepki-exporter/state.json"
        if path.name.endswith("-current.pem"):
            wait_until(lambda: str(path) in state.read_text(), describe="the link to be remembered")


def test_repair_pod_rolls_back_a_node_without_a_shell(
    unpacked: tuple[Path, Any],
    program: Callable[[str], Path],
    tmp_path: Path,
    superuser: None,  # noqa: ARG001 - only root gives a capability
) -> None:
    """With the time from outside the repair pod points the link back, and needs no right beyond the watching pod's."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "localtime").touch()
    directory = tmp_path / "var/lib/kubelet/pki"
    directory.mkdir(parents=True)
    directory.chmod(0o700)
    ca, now = pki.authority(), time.time()
    for not_before, stamp in ((now - 9 * pki.DAY, "2026-01-01-00-00-00"), (now + 7200, "2026-01-02-00-00-00")):
        pki.install(directory, "kubelet-client", pki.client(ca, not_before=not_before).pem, stamp).chmod(0o600)
    line = pod_command(program("bwrap"), "repair", unpacked, tmp_path)
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    done = subprocess.run(
        [each.replace("TIME", at) for each in line], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (directory / "kubelet-client-current.pem").readlink().name == "kubelet-client-2026-01-01-00-00-00.pem"


def test_image_is_small_and_holds_no_shell(image: Path, unpacked: tuple[Path, Any]) -> None:
    """Nothing in it could be started but the exporter and its Python; nothing of it belongs to anybody but root."""
    root, config = unpacked
    assert image.stat().st_size < LARGEST
    programs = {each.name for each in (root / "usr/bin").iterdir()} | {
        each.name for each in (root / "usr/sbin").iterdir()
    }
    assert programs == {"kubepki-exporter", "python3", "python3.11"}
    assert config["config"]["User"] == "0:0"
    for each in root.rglob("*"):
        mode = each.lstat().st_mode
        assert not mode & (stat.S_ISUID | stat.S_ISGID), each
        assert stat.S_ISLNK(mode) or each.name == "tmp" or not mode & stat.S_IWOTH, each


def test_scanner_finds_the_packages(unpacked: tuple[Path, Any]) -> None:
    """What is carried is told where scanners look: each package with its version, and the release."""
    root, _ = unpacked
    listed = {each.name for each in (root / "var/lib/dpkg/status.d").iterdir()}
    wanted = (ROOT / "systemd/packaging/image/packages.txt").read_text().splitlines()
    assert listed == {line.split()[0] for line in wanted if not line.startswith("#")} | {"kubepki-exporter"}
    assert "VERSION_CODENAME=bookworm" in (root / "etc/os-release").read_text()


@pytest.mark.parametrize("arguments", [("--version",), ("check", "--help"), ("rollback", "--help")])
def test_commands_start(
    arguments: Sequence[str], unpacked: tuple[Path, Any], program: Callable[[str], Path], tmp_path: Path
) -> None:
    """The commands beside the service start in the image as well."""
    furnish(tmp_path, "kubeadm")
    line = pod_command(program("bwrap"), "kubeadm", unpacked, tmp_path)
    entry = line.index("/usr/bin/kubepki-exporter")
    done = subprocess.run([*line[: entry + 1], *arguments], capture_output=True, text=True, check=True, timeout=60)
    assert "kubepki-exporter" in done.stdout


def test_builder_takes_it(image: Path) -> None:
    """Where a container engine runs on this machine, it loads and runs the image."""
    for engine in ("podman", "docker"):
        if (
            shutil.which(engine) is None
            or subprocess.run((engine, "info"), capture_output=True, check=False).returncode
        ):
            continue
        loaded = subprocess.run((engine, "load", "-q", "-i", image), capture_output=True, text=True, check=True)
        name = loaded.stdout.strip().splitlines()[-1].split(": ", 1)[-1]
        ran = subprocess.run((engine, "run", "--rm", name, "--version"), capture_output=True, text=True, check=True)
        assert "kubepki-exporter" in ran.stdout
        return
    pytest.skip("no container engine runs here; the tests above ran the image without one")
