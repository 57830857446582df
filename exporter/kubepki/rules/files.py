"""The files of a site: rules, PrometheusRule, routing and templates, as text.

Rules of this module: pure. Importing it imports PyYAML.
"""

import textwrap
from typing import Any

import yaml

from kubepki.config.commands import RULE_FILES
from kubepki.config.durations import format_duration
from kubepki.model import Severity
from kubepki.rules.certificate_alerts import certificates
from kubepki.rules.clocks import clocks
from kubepki.rules.fleet import fleet
from kubepki.rules.notification import templates
from kubepki.rules.paths import paths
from kubepki.rules.renaming import renamed
from kubepki.rules.routing import routing
from kubepki.rules.rule import Alert, Group, Record, Rule
from kubepki.rules.site import Site
from kubepki.rules.watchman import watchman

_WIDTH = 118
_LONG_TEXT = 90
_HEAD = """\
# Recording rules and alerts of kubepki-exporter, for Prometheus >= 2.42, Thanos, Mimir and VictoriaMetrics.
# Written by `kubepki-exporter rules` from a site's parameters. Do not edit: choose other parameters (docs/rules.md).
#
# * Only standing="current" is judged. Nothing here ever fires for standing="superseded".
# * Candidates come first: what lies ahead of some clock, what ends soon. They are few in a healthy fleet, so that what
#   follows is cheap.
# * Each group keeps one latch, a recording rule that refers to itself: what is found now, or, while a host has no good
#   scrape, what the latch said before. A lost scrape neither resolves an alert nor restarts its `for`, a repair
#   resolves it at once, and what had healed while scrapes were good never comes back. The label `finding` says what.
# * `entry`, `usage`, `standing` and `reason` are aggregated away: one page for one path.
# * Joins name the labels they ignore, never those they match on: two clusters may share an address.
# * `_info` series are in texts only.

"""


def groups(site: Site) -> tuple[Group, ...]:
    """Return the groups of *site*, renamed where target labels took our names, without the alerts that it left out."""
    found = (certificates(site), paths(site), clocks(site), watchman(site), fleet(site))
    return tuple(renamed(site, _chosen(site, group)) for group in found)


def alerts() -> dict[str, tuple[Severity, ...]]:
    """Return the severities of each alert that there is, by its name."""
    found: dict[str, tuple[Severity, ...]] = {}
    for group in groups(Site()):
        for rule in group.rules:
            if isinstance(rule, Alert):
                found[rule.name] = (*found.get(rule.name, ()), rule.severity)
    return found


def files(site: Site) -> dict[str, str]:
    """Return the text of each file of *site* by its name."""
    every = groups(site)
    return {
        RULE_FILES["rules"]: _rules(site, every),
        RULE_FILES["prometheusrule"]: _prometheus_rule(site, every),
        RULE_FILES["routing"]: routing(site),
        RULE_FILES["templates"]: templates(site),
    }


def document(site: Site, rule: Rule) -> dict[str, Any]:
    """Return *rule* as Prometheus reads it."""
    if isinstance(rule, Record):
        labels = {"labels": dict(rule.labels)} if rule.labels else {}
        return {"record": rule.name, "expr": _block(rule.expr), **labels}
    wait = site.waits.get((rule.name, rule.severity), rule.wait)
    return {
        "alert": rule.name,
        "expr": _block(rule.expr),
        **({"for": format_duration(wait)} if wait else {}),
        "labels": {"severity": site.severity(rule.severity), **site.labels},
        "annotations": dict(rule.texts),
    }


def dump(content: object) -> str:
    """Return *content* as YAML: text of several lines as a block, long text folded, no anchors."""
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=_WIDTH, allow_unicode=True)


def _chosen(site: Site, group: Group) -> Group:
    kept = tuple(rule for rule in group.rules if isinstance(rule, Record) or rule.name not in site.disabled)
    return Group(name=group.name, rules=kept, why=group.why)


def _rules(site: Site, every: tuple[Group, ...]) -> str:
    return _HEAD + "groups:\n" + "".join(_group(site, group) for group in every)


def _group(site: Site, group: Group) -> str:
    head = _comment(group.why, 2) + f"  - name: {group.name}\n    rules:\n"
    return head + "\n".join(_rule(site, rule) for rule in group.rules) + "\n"


def _rule(site: Site, rule: Rule) -> str:
    return _comment(rule.why, 6) + textwrap.indent(dump([document(site, rule)]), " " * 6)


def _comment(text: str, indent: int) -> str:
    prefix = " " * indent + "# "
    return "".join(f"{line}\n" for line in textwrap.wrap(text, _WIDTH, initial_indent=prefix, subsequent_indent=prefix))


def _prometheus_rule(site: Site, every: tuple[Group, ...]) -> str:
    metadata = {
        "name": site.rule_name,
        **({"namespace": site.rule_namespace} if site.rule_namespace else {}),
        "labels": dict(site.rule_labels),
    }
    specification = {
        "groups": [{"name": group.name, "rules": [document(site, rule) for rule in group.rules]} for group in every]
    }
    return "# Written by `kubepki-exporter rules`. Do not edit.\n" + dump(
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": metadata,
            "spec": specification,
        }
    )


def _block(expr: str) -> str:
    return f"{expr}\n" if "\n" in expr else expr


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401 - PyYAML's own signature
        """Return True: tools that read a PrometheusRule need not know YAML's anchors."""
        del data
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        """Indent lists, as people write them."""
        super().increase_indent(flow, indentless=False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else ">" if len(text) > _LONG_TEXT and " " in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
