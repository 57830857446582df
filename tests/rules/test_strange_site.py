"""The shipped tests pass for a site that chose otherwise, too: nothing is left of the defaults."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from kubepki.rules.files import files
from kubepki.rules.site import Site
from kubepki.rules.site_file import parse_site
from tests.rules.test_consistency import ROOT, RULES
from tests.rules.test_programs import run

Find = Callable[[str], Path]
SITE = Path(__file__).with_name("strange-site.yaml")
SEVERITIES = {"critical": "page", "warning": "ticket", "info": "log"}


def strange() -> Site:
    """Return the site of the file."""
    return parse_site(SITE.read_bytes(), source=SITE.name)


def translated(text: str) -> str:
    """Return a file of promtool's tests as the strange site sees it: its labels, its names, its links."""
    text = re.sub(r"\bexported_(path|clock)(?==\")", r"exported_exported_\1", text)
    text = re.sub(r"\b(path|clock)(?=\s*(?:=~?\"|!=\"|: ['/a-z]))", r"exported_\1", text)
    # In lists of labels; a sentence has "Prometheus' clock, so".
    text = re.sub(r"(?:(?<=\()|(?<=\w, ))(path|clock)(?=[,)])", r"exported_\1", text)
    text = re.sub(r"\bcluster(?=\s*(?:=\"|: \w|[,)]))", "realm", text)
    text = re.sub(r"\b(node)(?==\")", "machine", text)
    text = text.replace("kubernetes_io_hostname", "rack")
    for name, other in SEVERITIES.items():
        text = re.sub(rf"(severity(?:!?=\"|: )){name}\b", rf"\g<1>{other}", text)
    text = re.sub(r'(?<=job=")kubepki-exporter|(?<=/)kubepki-exporter(?=")|(?<=job: )kubepki-exporter', "pki", text)
    text = text.replace("var-job=kubepki-exporter", "var-job=pki")
    text = re.sub(r"https://github\S+/runbooks/(\w+)\.md", r"https://wiki.example.org/pki/\1.html", text)
    text = text.replace("https://grafana.example.com", "https://boards.example.org/g")
    text = re.sub(r"(?<=exp_labels: \{)", "team: platform, tier: '1', ", text)
    return re.sub(
        r"(?<='ALERTS\{)|(?<=labels: '\{)(?=alertname=\"\w+\", alertstate=)", 'team="platform", tier="1", ', text
    )


@pytest.mark.parametrize("file", sorted(RULES.glob("tests/*.test.yml")), ids=lambda file: file.name)
def test_rules_behave(program: Find, file: Path, tmp_path: Path) -> None:
    """Promtool's unit tests pass in the words of the site."""
    (tmp_path / "kubepki.rules.yml").write_text(files(strange())["kubepki.rules.yml"])
    copy = tmp_path / "tests" / file.name
    copy.parent.mkdir()
    copy.write_text(translated(file.read_text(encoding="utf-8")))
    run(program("promtool"), "test", "rules", copy)


def test_all_programs_take_it(program: Find, tmp_path: Path) -> None:
    """Promtool's lint finds nothing in its rules, amtool takes its routing, and alerts reach its receivers."""
    for name, text in files(strange()).items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    run(program("promtool"), "check", "rules", "--lint=all", "--lint-fatal", tmp_path / "kubepki.rules.yml")
    run(program("amtool"), "check-config", tmp_path / "alertmanager.yml")
    config = f"--config.file={tmp_path / 'alertmanager.yml'}"
    for severity, receiver in (("page", "night"), ("ticket", "day"), ("log", "nobody")):
        labels = ("alertname=KubePKIPathBroken", f"severity={severity}")
        assert run(program("amtool"), "config", "routes", "test", config, *labels).strip() == receiver


def test_nothing_of_the_defaults_is_left() -> None:
    """No label, name or link of the default site is in the strange site's files."""
    written = files(strange())
    text = "".join(written.values())
    for word in ("grafana.example.com", "github.com", "kubernetes_io_hostname", "datacenter", "kubepki-page"):
        assert word not in text
    for name in ("kubepki.rules.yml", "prometheusrule.yaml"):
        assert not re.search(r"\b(?:path|clock)(?:=~?|!=)\"", written[name])
    metadata = yaml.safe_load(written["prometheusrule.yaml"])["metadata"]
    assert metadata == {"name": "pki", "namespace": "watch", "labels": {"prometheus": "main"}}


def test_shipped_files_are_those_of_the_default_site() -> None:
    """What lies in rules/ is what the command writes without parameters."""
    for name, text in files(Site()).items():
        assert (ROOT / "rules" / name).read_text(encoding="utf-8") == text
