"""What the build scripts leave in dist/, stage for the packages, and say in a package's own changelog."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from systemd.packaging.changelog import debian, rpm
from tests.conftest import ROOT

PACKAGING = ROOT / "systemd" / "packaging"
OURS = "1.2.0~dev5+gabc1234"


@pytest.mark.parametrize(
    ("name", "stays"),
    [
        (f"kubepki-exporter_{OURS}_all.deb", True),
        (f"kubepki-exporter-{OURS}-1.x86_64.rpm", True),
        ("kubepki_exporter-1.2.0.dev5+gabc1234-py3-none-any.whl", True),
        ("kubepki_exporter-1.2.0.dev5+gabc1234.tar.gz", True),
        ("kubepki-exporter_1.2.0_all.deb", False),
        ("kubepki-exporter_1.1.0_all.deb", False),
        ("kubepki-exporter-1.2.0~dev4+gabc1234-1.x86_64.rpm", False),
        ("kubepki_exporter-1.2.0-py3-none-any.whl", False),
        ("notes.txt", True),
    ],
)
def test_dist_holds_one_version(name: str, *, stays: bool, tmp_path: Path) -> None:
    """What was built of another version goes, so that a glob names one file; what is not ours stays."""
    (tmp_path / name).touch()
    environment = {**os.environ, "DIST": str(tmp_path), "KUBEPKI_VERSION_DEB": OURS}
    subprocess.run(("sh", str(PACKAGING / "empty-dist.sh")), env=environment, check=True)
    assert (tmp_path / name).exists() is stays


@pytest.fixture(scope="session")
def share(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what every package carries, staged as the packages do it."""
    directory = tmp_path_factory.mktemp("share")
    subprocess.run(("sh", str(PACKAGING / "stage-share.sh"), str(directory)), check=True)
    return directory


def test_packaged_routing_finds_its_template(share: Path, program: Callable[[str], Path]) -> None:
    """Alertmanager's own check counts the notification template: without it, receivers would send nothing."""
    done = subprocess.run(
        (program("amtool"), "check-config", share / "rules" / "alertmanager.yml"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " - 1 templates" in done.stdout
    probe = '{{ define "probe" }}{{ template "kubepki.title" . }}{{ end }}{{ template "probe" . }}'
    templates = f"--template.glob={share}/rules/templates/*.tmpl"
    rendered = subprocess.run(
        (program("amtool"), "template", "render", templates, f"--template.text={probe}"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert rendered.returncode == 0, rendered.stderr


def test_packaged_rules_load(share: Path, program: Callable[[str], Path]) -> None:
    """Prometheus' own check takes each of the packaged configurations and rule files."""
    promtool = program("promtool")
    subprocess.run((promtool, "check", "rules", share / "rules" / "kubepki.rules.yml"), check=True, capture_output=True)


def test_nothing_that_is_linked_or_read_is_left_out(share: Path) -> None:
    """Each file of rules and grafana that is no program and no test is packaged."""
    for directory in ("rules", "grafana"):
        for file in sorted((ROOT / directory).rglob("*")):
            inside = file.relative_to(ROOT)
            if file.is_file() and file.suffix not in {".py", ".pyc"} and "tests" not in inside.parts:
                assert (share / inside).is_file(), inside


CHANGELOG = """# Changelog

## 0.2.0 (unreleased)

### Added

- One thing that is
  told on two lines.
- Another, 100 % sure.

## 0.1.0

- The first.
"""


def test_changelog_is_the_newest_section() -> None:
    """A package says what its own version brings, in its own format."""
    text = debian(CHANGELOG, "0.2.0", 0.0)
    assert "  * One thing that is told on two lines.\n  * Another, 100 % sure.\n" in text
    assert "The first" not in text
    assert text.startswith("kubepki-exporter (0.2.0) unstable; urgency=medium\n\n")
    assert text.endswith("  Thu, 01 Jan 1970 00:00:00 +0000\n")


def test_changelog_of_an_rpm_is_no_macro() -> None:
    """A per cent sign would begin a macro of the specification."""
    assert "- Another, 100 %% sure." in rpm(CHANGELOG, "0.2.0", 0.0)
