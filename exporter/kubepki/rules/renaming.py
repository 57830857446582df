"""Our labels under the names that Prometheus gives them where target labels have the same.

A target label `path` makes Prometheus call ours `exported_path`. A site that cannot rename its own says so, and the
rules
follow.
Rules of this module: pure.
"""

import re
from dataclasses import replace

from kubepki.rules.rule import Alert, Group, Record, Rule
from kubepki.rules.site import Site

_IN_TEXT = r"""(?<=\$labels\.)(?:{0})\b|(?<=\.Labels\.)(?:{0})\b|(?<=")(?:{0})(?=")|\b(?:{0})(?==~?\\?")"""


def renamed(site: Site, group: Group) -> Group:
    """Return *group* with our labels under the names that they have at *site*."""
    if not site.exported_labels:
        return group
    return replace(group, rules=tuple(_renamed(site, rule) for rule in group.rules))


def renamed_text(site: Site, text: str) -> str:
    """Return a template in which the fields, matchers and queries have the labels of *site*; prose stays as it is."""
    return _replaced(site, _IN_TEXT, text)


def renamed_label(site: Site, label: str) -> str:
    """Return the name that *label* has at *site*."""
    return f"{site.exported_prefix}{label}" if label in site.exported_labels else label


def _renamed(site: Site, rule: Rule) -> Rule:
    if isinstance(rule, Alert):
        texts = {key: renamed_text(site, text) for key, text in rule.texts.items()}
        return replace(rule, expr=_expression(site, rule.expr), texts=texts)
    labels = {renamed_label(site, label): value for label, value in rule.labels.items()}
    return Record(name=rule.name, expr=_expression(site, rule.expr), labels=labels, why=rule.why)


def _expression(site: Site, expr: str) -> str:
    # Of PromQL's strings only a whole label name is one: the second argument of label_replace.
    return _replaced(site, r'"[^"]*"|\b(?:{0})\b', expr)


def _replaced(site: Site, pattern: str, text: str) -> str:
    if not site.exported_labels:
        return text

    def rename(match: re.Match[str]) -> str:
        quote = '"' if match[0].startswith('"') else ""
        word = match[0].strip('"')
        return f"{quote}{renamed_label(site, word)}{quote}"

    return re.sub(pattern.format("|".join(site.exported_labels)), rename, text)
