"""The units as they are shipped, judged by systemd's own tools without a running systemd."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).resolve().parents[3] / "systemd"
UNITS = (
    "kubepki-exporter.service",
    "kubepki-exporter.socket",
    "kubepki-exporter-remask.path",
    "kubepki-exporter-remask.service",
    "kubepki-exporter-remask@.path",
    "kubepki-exporter-textfile.service",
    "kubepki-exporter-textfile.timer",
)
HIGHEST_EXPOSURE = 2.0
SERVICE = (SYSTEMD / "kubepki-exporter.service").read_text()


def verify(analyze: Path, directory: Path, *units: str) -> str:
    """Return what `systemd-analyze verify` has to say of *units*, which lie in *directory*."""
    done = subprocess.run(
        (str(analyze), "verify", "--man=no", *(str(directory / unit) for unit in units)),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"SYSTEMD_UNIT_PATH": f"{directory}:"},
    )
    return done.stdout + done.stderr


def test_units_verify(program: Callable[[str], Path], tmp_path: Path) -> None:
    """`systemd-analyze verify` finds nothing in the units, with a command that exists."""
    for name in UNITS:
        text = (SYSTEMD / name).read_text().replace("/usr/bin/kubepki-exporter", "/bin/true")
        (tmp_path / name).write_text(text)
    assert verify(program("systemd-analyze"), tmp_path, *UNITS) == ""


def test_kubelet_drop_ins_verify(program: Callable[[str], Path], tmp_path: Path) -> None:
    """The optional drop-ins load into a kubelet's unit without a word."""
    (tmp_path / "kubelet.service").write_text("[Service]\nExecStart=/bin/true\n")
    for name in ("kubelet.service.d/10-wait-for-time-sync.conf", "systemd-time-wait-sync.service.d/10-timeout.conf"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text((SYSTEMD / name).read_text())
    assert verify(program("systemd-analyze"), tmp_path, "kubelet.service") == ""


@pytest.mark.parametrize("unit", ["kubepki-exporter.service", "kubepki-exporter-textfile.service"])
def test_exposure_is_bounded(program: Callable[[str], Path], unit: str) -> None:
    """`systemd-analyze security` rates each service at 2.0 or better."""
    done = subprocess.run(
        (str(program("systemd-analyze")), "security", "--offline=yes", "--no-pager", str(SYSTEMD / unit)),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found = re.search(r"Overall exposure level .*: ([0-9.]+) ", done.stdout)
    assert found
    assert float(found[1]) <= HIGHEST_EXPOSURE


@pytest.mark.parametrize(
    "directive", ["PrivateUsers", "ProtectClock", "ProcSubset", "IPAddressDeny", "BindPaths", "BindReadOnlyPaths"]
)
def test_what_would_blind_the_exporter_is_not_set(directive: str) -> None:
    """Directives that would take the capability, the clock, process_* or a recreated directory away are absent."""
    assert not re.search(rf"^{directive}=", SERVICE, re.MULTILINE)


@pytest.mark.parametrize("unit", ["time-sync.target", "network-online.target", "kubelet.service"])
def test_service_is_not_ordered_after(unit: str) -> None:
    """The watchman runs during the bad window: it waits for neither the clock nor the network nor the kubelet."""
    assert not re.search(rf"^(After|Wants|Requires|BindsTo|Before)=.*{re.escape(unit)}", SERVICE, re.MULTILINE)


def hardening(unit: str) -> set[str]:
    """Return the lines of *unit* that restrict what it can do."""
    text = (SYSTEMD / unit).read_text()
    lines = text[text.index("# Limits.") :].splitlines()
    return {line for line in lines if re.match(r"[A-Z][A-Za-z]+=", line)}


def test_textfile_service_is_restricted_like_the_service() -> None:
    """It may do what the service may, and write into the one directory of the collector, which another user owns."""
    ours, theirs = hardening("kubepki-exporter-textfile.service"), hardening("kubepki-exporter.service")
    assert {line.partition("=")[0] for line in ours - theirs} == {
        "AmbientCapabilities",
        "CapabilityBoundingSet",
        "ReadWritePaths",
        "StateDirectory",
    }
    assert {line.partition("=")[0] for line in theirs - ours} == {
        "AmbientCapabilities",
        "CapabilityBoundingSet",
        "StateDirectory",
        "WantedBy",
    }


@pytest.mark.parametrize(
    "name", ["kubelet.service.d/10-wait-for-time-sync.conf", "systemd-time-wait-sync.service.d/10-timeout.conf"]
)
def test_the_role_carries_the_drop_ins(name: str) -> None:
    """A copy of the role alone has what it puts on the host."""
    assert (SYSTEMD / "ansible" / "files" / name).read_text() == (SYSTEMD / name).read_text()
