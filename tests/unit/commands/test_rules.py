"""The command `rules`: what is printed, what is written, and what is kept."""

import os
from pathlib import Path

import pytest

from kubepki.cli import main
from kubepki.rules.files import files
from kubepki.rules.site import Site

FILES = files(Site())


def test_prints_the_rules(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a directory the rules go to the output, or what was asked for."""
    assert main(["rules"]) == 0
    assert capsys.readouterr().out == FILES["kubepki.rules.yml"]
    assert main(["rules", "--print=routing"]) == 0
    assert capsys.readouterr().out == FILES["alertmanager.yml"]


def test_writes_a_site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All files are written; one that was edited is kept beside, one that is the same is left alone."""
    site = tmp_path / "site.yaml"
    site.write_text("grafana_url: https://boards.example.org\n")
    target = tmp_path / "made" / "here"
    assert main(["rules", f"--site={site}", str(target)]) == 0
    assert {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()} == set(FILES)
    assert "https://boards.example.org/d/kubepki-host" in (target / "kubepki.rules.yml").read_text()
    (target / "alertmanager.yml").write_text("mine\n")
    before = (target / "kubepki.rules.yml").stat().st_ino
    capsys.readouterr()
    assert main(["rules", f"--site={site}", str(target)]) == 0
    out = capsys.readouterr().out
    assert (target / "alertmanager.yml.before").read_text() == "mine\n"
    assert f"{target}/alertmanager.yml: written; what was there is kept as {target}/alertmanager.yml.before" in out
    assert f"{target}/kubepki.rules.yml: unchanged" in out
    assert (target / "kubepki.rules.yml").stat().st_ino == before


def test_mistakes_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With file, line and key; status 2, or 1 where it cannot be written."""
    site = tmp_path / "site.yaml"
    assert main(["rules", f"--site={site}"]) == 2
    site.write_text("job: x\nfor: {X: 1m}\n")
    assert main(["rules", f"--site={site}"]) == 2
    assert main(["rules", "--print=all"]) == 2
    assert main(["rules", "--pki.preset=auto"]) == 2
    (tmp_path / "file").write_text("")
    assert main(["rules", str(tmp_path / "file" / "below")]) == 1
    os.mkfifo(tmp_path / "pipe")
    assert main(["rules", f"--site={tmp_path / 'pipe'}"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 6
    assert lines[0].startswith(f"kubepki-exporter: {site}: cannot be read")
    assert lines[1].startswith(f"kubepki-exporter: {site}:2: unknown key for.X; ")
