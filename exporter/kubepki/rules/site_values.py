"""From the texts of a site's file to values.

Rules of this module: pure; each function raises ValueError with what was expected, never with the text.
"""

import math
import re
from collections.abc import Callable

from kubepki.config.durations import parse_duration
from kubepki.config.values import nearest
from kubepki.rules.files import alerts
from kubepki.rules.site import OWN_LABELS

_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,100}")
_RESERVED = frozenset({"alertname", "alertstate", "severity", "instance", "job", *OWN_LABELS})
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,62}")
_KUBERNETES_LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_KUBERNETES_NAME = re.compile(rf"(?=.{{1,253}}$){_KUBERNETES_LABEL}(?:\.{_KUBERNETES_LABEL})*")
_KUBERNETES_NAMESPACE = re.compile(_KUBERNETES_LABEL)
_KUBERNETES_WORD = "[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_KUBERNETES_KEY = re.compile(rf"(?:{_KUBERNETES_NAME.pattern.replace('$', '/')}/)?{_KUBERNETES_WORD}")
_KUBERNETES_VALUE = re.compile(f"(?:{_KUBERNETES_WORD})?")
# What Python's regular expressions have and Prometheus', RE2, have not: (?=x), (?>x), x*+, above 1,000 repetitions.
_CLASS = re.compile(r"\[\^?\]?[^]]*\]")
_NOT_OF_RE2 = re.compile(
    r"\(\?(?!:|P<|[ims]+[:)])|[*+?}]\+|\{\d*,?(?:100[1-9]|10[1-9]\d|1[1-9]\d\d|[2-9]\d{3}|\d{5,})[,}]"
)
_URL = re.compile(r"https?://[^\s\"'\\]{1,500}")
_MAX_TEXT = 200


def alert(text: str) -> str:
    """Return the name of an alert."""
    names = tuple(alerts())
    if text not in names:
        near = nearest(text, names)
        msg = "no alert of that name" + (f"; did you mean {near}?" if near else "")
        raise ValueError(msg)
    return text


def own_label(text: str) -> str:
    """Return the name of one of our labels."""
    if text not in OWN_LABELS:
        msg = f"expected one of {', '.join(OWN_LABELS)}"
        raise ValueError(msg)
    return text


def further_label(text: str) -> str:
    """Return the name of a label that alerts may get."""
    if not _LABEL.fullmatch(text) or text in _RESERVED:
        msg = "expected the name of a label that is not one of ours"
        raise ValueError(msg)
    return text


def host_label(text: str) -> str:
    """Return the name of a label that differs from host to host, so none of ours."""
    if not _LABEL.fullmatch(text) or text in OWN_LABELS:
        msg = "expected the name of a label of the host's, not one of ours"
        raise ValueError(msg)
    return text


def regular_expression(text: str) -> str:
    """Return a regular expression that PromQL can quote."""
    if not text or '"' in text or "\\" in text or len(text) > _MAX_TEXT:
        msg = "expected a regular expression without quotes and backslashes"
        raise ValueError(msg)
    try:
        re.compile(text)
    except (re.error, OverflowError):
        msg = "not a regular expression"
        raise ValueError(msg) from None
    if _NOT_OF_RE2.search(_CLASS.sub("x", text)):
        msg = "not a regular expression as Prometheus takes it (RE2)"
        raise ValueError(msg)
    return text


def plain(text: str) -> str:
    """Return a text that templates leave alone."""
    if len(text) > _MAX_TEXT or "{{" in text or any(ord(sign) < ord(" ") for sign in text):
        msg = "expected a short text of one line, without {{"
        raise ValueError(msg)
    return text


def runbook(text: str) -> str:
    """Return the URL of runbooks."""
    if not _URL.fullmatch(text) or "{{" in text:
        msg = "expected a URL; {alert} in it stands for the name of the alert"
        raise ValueError(msg)
    return text


def grafana(text: str) -> str:
    """Return the URL of Grafana, without a slash at its end."""
    if not _URL.fullmatch(text) or "{{" in text or "?" in text:
        msg = "expected the URL of Grafana, such as https://grafana.example.com"
        raise ValueError(msg)
    return text.rstrip("/")


def positive(text: str) -> float:
    """Return a duration above 0, in seconds."""
    seconds = parse_duration(text)
    if not seconds:
        msg = "expected a duration above 0, such as 2m"
        raise ValueError(msg)
    return seconds


def share(text: str) -> float:
    """Return a part of 1."""
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = math.nan
    if not 0 < value < 1:
        msg = "expected a share between 0 and 1, such as 0.1 or 10%"
        raise ValueError(msg)
    return value


def count(text: str) -> int:
    """Return a whole number."""
    if not re.fullmatch("[0-9]{1,6}", text):
        msg = "expected a whole number"
        raise ValueError(msg)
    return int(text)


def matching(pattern: re.Pattern[str], what: str) -> Callable[[str], str]:
    """Return a parser of texts that *pattern* matches, which are *what*."""

    def parse(text: str) -> str:
        if not pattern.fullmatch(text):
            msg = f"expected {what}"
            raise ValueError(msg)
        return text

    return parse


label_name = matching(_LABEL, "the name of a label")
kubernetes_name = matching(_KUBERNETES_NAME, "a name as Kubernetes takes it")
kubernetes_namespace = matching(_KUBERNETES_NAMESPACE, "the name of a namespace as Kubernetes takes it")
kubernetes_value = matching(_KUBERNETES_VALUE, "a label's value as Kubernetes takes it")
kubernetes_key = matching(_KUBERNETES_KEY, "a label's key as Kubernetes takes it")
word = matching(_WORD, "a plain name")
