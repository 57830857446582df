"""What a release says about itself: the libraries that are carried, their licences, the bill of materials."""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from systemd.packaging.components import bundled, listed, of_debs, of_wheels
from systemd.packaging.sbom import bill
from tests.conftest import ROOT

# The libraries of this very test, as a wheel's installation leaves them.
SITE = Path(pytest.__file__).parents[1]


def test_wheels_are_told_with_what_was_compiled_into_them() -> None:
    """A library is named with its licence, and so is the OpenSSL in it, which its own metadata lists."""
    found = {each.purl: each for each in of_wheels(SITE)}
    cryptography = found[f"pkg:pypi/cryptography@{version('cryptography')}"]
    assert cryptography.licence == "Apache-2.0 OR BSD-3-Clause"
    assert found[f"pkg:pypi/ntplib@{version('ntplib')}"].licence == "MIT"
    assert any(purl.startswith("pkg:generic/openssl@") for purl in found)
    assert any(purl.startswith("pkg:cargo/") for purl in found)


def test_specification_names_what_is_bundled() -> None:
    """Who looks for a vulnerable library finds it with rpm, and the licence is that of all that is carried."""
    lines = list(bundled(SITE))
    assert f"Provides: bundled(python3dist(pyyaml)) = {version('pyyaml')}" in lines
    assert any(line.startswith("Provides: bundled(openssl) = ") for line in lines)
    (licence,) = [line for line in lines if line.startswith("License: ")]
    assert "Apache-2.0" in licence
    assert "(Apache-2.0 OR BSD-3-Clause)" in licence
    assert "MIT" in licence


def test_debian_packages_are_told(tmp_path: Path) -> None:
    """The image's packages are those of its control files, without our own."""
    (tmp_path / "libc6").write_text("Package: libc6\nVersion: 1:2.36-9+deb12u13\nArchitecture: arm64\nDescription: C\n")
    (tmp_path / "ours").write_text("Package: kubepki-exporter\nVersion: 1\nArchitecture: all\nDescription: x\n")
    assert [each.purl for each in of_debs(tmp_path)] == ["pkg:deb/debian/libc6@1%3A2.36-9%2Bdeb12u13?arch=arm64"]
    assert [each.purl for each in listed(["source\topenssl\t3.0.20-1", "pypi\tpyinstaller\t6.1"])] == [
        "pkg:deb/debian/openssl@3.0.20-1?arch=source",
        "pkg:pypi/pyinstaller@6.1",
    ]


def test_bill_is_valid_and_the_same_each_time(tmp_path: Path) -> None:
    """CycloneDX's own schema takes it; each artefact has its digest and leads to what it carries."""
    dist, contents = tmp_path / "dist", tmp_path / "contents"
    dist.mkdir()
    contents.mkdir()
    names = [
        "kubepki-exporter_1.2.0_all.deb",
        "kubepki-exporter-1.2.0-1.x86_64.rpm",
        "kubepki-exporter-1.2.0-image-amd64.tar",
    ]
    for name in names:
        (dist / name).write_text(name)
    script = ROOT / "systemd" / "packaging" / "components.py"
    carried = subprocess.run((sys.executable, script, "wheels", SITE), capture_output=True, check=True).stdout
    (contents / f"{names[1]}.wheels.json").write_bytes(carried)
    made = bill("1.2.0", dist.iterdir(), contents, 1_700_000_000)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(made)) is None
    assert made == bill("1.2.0", dist.iterdir(), contents, 1_700_000_000)
    depends = {each["ref"]: each["dependsOn"] for each in made["dependencies"]}
    assert sorted(depends["release"]) == sorted(names)
    assert any(ref.startswith("pkg:pypi/cryptography@") for ref in depends[names[1]])
    assert depends[names[0]] == []
    printed = subprocess.run(
        (sys.executable, ROOT / "systemd" / "packaging" / "sbom.py", "1.2.0", dist, contents),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"},
    )
    assert json.loads(printed.stdout) == made
