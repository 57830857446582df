"""A site's file: every key is read, every mistake has its place."""

from dataclasses import fields, replace

import pytest

from kubepki.model import Severity
from kubepki.rules.files import alerts, document, groups
from kubepki.rules.rule import Alert
from kubepki.rules.site import Site, Thresholds
from kubepki.rules.site_file import KEYS, parse_site
from kubepki.settings import ConfigError
from tests.conftest import ROOT

SEE = "; see docs/rules.md"


def parse(text: str) -> Site:
    return parse_site(text.encode(), source="site.yaml")


def test_an_empty_file_is_the_default_site() -> None:
    """Nothing is required."""
    assert parse("") == parse("{}") == Site()


def test_each_value_is_read() -> None:
    """What is written is what the site is, in seconds and parts of 1."""
    site = parse(
        "thresholds: {clock_skew: 3m, leaf_warning_share: 20%, ca_critical_share: 0.05, suspect_hosts: 5}\n"
        "for: {KubePKIPathBroken: {warning: 1h}, KubePKIExporterDown: 10m}\n"
        "severities: {critical: page}\n"
        "removed_hosts: 6h\n"
        "labels: {team: platform}\n"
    )
    assert site.thresholds == replace(
        Thresholds(), clock_skew=180, leaf_warning_share=0.2, ca_critical_share=0.05, suspect_hosts=5
    )
    assert site.waits == {
        ("KubePKIPathBroken", Severity.WARNING): 3600,
        ("KubePKIExporterDown", Severity.WARNING): 600,
    }
    assert site.severity(Severity.CRITICAL) == "page"
    assert site.severity(Severity.INFO) == "info"
    assert (site.removed_hosts, site.labels) == (21_600, {"team": "platform"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("job: x\njobb: y", "site.yaml:2: unknown key jobb; did you mean job?"),
        ("job: x\njob: y", "site.yaml:2: duplicate key job, first in line 1; keep one of them"),
        ("job: '('", f"site.yaml:1: job: not a regular expression{SEE}"),
        ("job: [x]", "site.yaml:1: job: expected one value, not a list or keys; write a single value"),
        ("host_labels: instance", "site.yaml:1: host_labels: expected a list; write [A, B], or lines of - A"),
        ("host_labels: [node]", "site.yaml:1: host_labels: instance is missing; it names the host in every text"),
        ("labels: {severity: x}", "site.yaml:1: labels.severity: expected the name of a label that is not one of ours"),
        (
            "labels: {a: '{{ x }}'}",
            "site.yaml:1: labels.a: expected a short text of one line, without {{" + SEE,
        ),
        ("thresholds:\n  clock_skev: 1m", "site.yaml:2: unknown key thresholds.clock_skev; did you mean clock_skew?"),
        (
            "thresholds:\n  clock_skew: fast",
            f"site.yaml:2: thresholds.clock_skew: expected a duration such as 500ms, 30s, 1m or 1h30m{SEE}",
        ),
        (
            "thresholds:\n  clock_skew: 0s",
            f"site.yaml:2: thresholds.clock_skew: expected a duration above 0, such as 2m{SEE}",
        ),
        (
            "thresholds: {leaf_warning_share: 110%}",
            f"site.yaml:1: thresholds.leaf_warning_share: expected a share between 0 and 1, such as 0.1 or 10%{SEE}",
        ),
        (
            "\nthresholds: {leaf_warning: 1d}",
            "site.yaml:2: thresholds: leaf_warning is below leaf_critical; a warning comes before what is critical",
        ),
        (
            "for: {KubePKIExporterUp: 1m}",
            "site.yaml:1: unknown key for.KubePKIExporterUp; did you mean KubePKIExporterDown?",
        ),
        (
            "for: {KubePKIExporterDown: {critical: 1m}}",
            "site.yaml:1: unknown key for.KubePKIExporterDown.critical; known here: warning",
        ),
        ("disabled_alerts: [X]", f"site.yaml:1: disabled_alerts: no alert of that name{SEE}"),
        (
            "exported_labels: [node]",
            f"site.yaml:1: exported_labels: expected one of path, entry, standing, usage, clock, reason{SEE}",
        ),
        (
            "severities: {critical: warning}",
            "site.yaml:1: severities: two have the same name; routes could not tell them apart",
        ),
        (
            "grafana_url: grafana",
            f"site.yaml:1: grafana_url: expected the URL of Grafana, such as https://grafana.example.com{SEE}",
        ),
        ("- job", f"site.yaml:1: expected keys with values{SEE}"),
    ],
)
def test_a_mistake_has_its_place(text: str, message: str) -> None:
    """File, line and key, what was expected, and what to do; never the value."""
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        (
            "job",
            ("(.+/)?x", "a|b", "[*+]+", "(?:x|y){2,5}", "(?i)pki", "[]a]+x", "x{1000}"),
            ("a(?!b)", "(?=a)b", "(?<=a)b", "(?>a)", "a*+", "a{2}+", "(a)(?(1)b|c)", "x{1001}", "(?#note)x", "(?x)a"),
        ),
        ("rule_name", ("pki", "a.b-c", "x" * 63), ("a..b", "-a", "a.", "A", "x" * 64, "")),
        ("rule_namespace", ("watch", "a-b"), ("a.b", "-a", "x" * 64)),
        ("host_labels", ("[instance, rack]",), ("[instance, clock]", "[instance, path]", "[instance, 'a-b']")),
        (
            "rule_labels",
            ("{a: main}", "{x.io/a: 'b.c_d-e'}", "{a: ''}"),
            ("{a: b c}", "{a: '-'}", "{'-/a': b}", "{'a..b/c': d}"),
        ),
    ],
)
def test_what_its_consumer_refuses_is_refused_here(key: str, good: tuple[str, ...], bad: tuple[str, ...]) -> None:
    """Prometheus' regular expressions and Kubernetes' names, at the limits of both."""
    quote = (lambda text: f"'{text}'") if key in {"job", "rule_name", "rule_namespace"} else str
    for text in good:
        assert parse(f"{key}: {quote(text)}") != Site() or text == "(.+/)?x"
    for text in bad:
        with pytest.raises(ConfigError, match=f"^site.yaml:1: {key}"):
            parse(f"{key}: {quote(text)}")


def test_each_key_is_documented() -> None:
    """The tables of the documentation have every key and every threshold."""
    text = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    for name in (*KEYS, *(field.name for field in fields(Thresholds))):
        assert f"`{name}`" in text, name


def test_the_example_of_the_documentation_is_read() -> None:
    """What is shown can be copied."""
    text = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    site = parse(text.split("```yaml\n")[1].split("```")[0])
    assert site.exported_labels == ("path",)


def test_alerts_can_be_left_out_and_made_to_wait() -> None:
    """A disabled alert is gone in both severities; a wait of zero leaves no `for`."""
    site = parse("disabled_alerts: [KubePKIPathBroken]\nfor: {KubePKIExporterDown: 0s}")
    found = {
        rule.name: document(site, rule) for group in groups(site) for rule in group.rules if isinstance(rule, Alert)
    }
    assert set(found) == set(alerts()) - {"KubePKIPathBroken"}
    assert "for" not in found["KubePKIExporterDown"]


def test_removed_hosts_can_be_told_of() -> None:
    """Only then the rule looks back."""
    assert " offset " not in _missing(Site())
    assert " offset 6h" in _missing(parse("removed_hosts: 6h"))


def _missing(site: Site) -> str:
    return next(rule.expr for group in groups(site) for rule in group.rules if rule.name == "KubePKIMetricsMissing")
