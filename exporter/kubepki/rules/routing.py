"""Alertmanager's routes, inhibition and receivers for a site.

Rules of this module: pure.
"""

import json
from collections.abc import Iterable

from kubepki.model import Severity
from kubepki.rules.renaming import renamed_label
from kubepki.rules.site import Site

# What the labels in `equal` are of: a label that neither alert has counts as equal.
_TEMPLATE = """\
# A complete Alertmanager configuration (>= 0.25) for kubepki-exporter. Replace the receivers' addresses.
# Written by `kubepki-exporter rules` from a site's parameters.
global:
  resolve_timeout: 5m
  smtp_smarthost: localhost:25
  smtp_from: alertmanager@example.com
  smtp_require_tls: false

templates:
  - templates/*.tmpl

route:
  receiver: default
  group_by: @group@
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 12h
  routes:
    # A power cut takes a whole room: five hundred nodes are one notification. The first comes after 10 s, while there
    # is something to prevent. Hosts that trickle in afterwards are gathered for five minutes. When the certificates
    # begin to be rejected, that is a page of its own.
    - matchers: [alertname=~"KubePKICertificate(FutureDated|NotYetValid)"]
      receiver: @page@
      group_wait: 10s
      repeat_interval: 1h
    - matchers: [alertname=~"KubePKI.+", severity=@critical@]
      receiver: @page@
      group_wait: 10s
    - matchers: [alertname=~"KubePKI.+", severity=@warning@]
      receiver: @ticket@
    - matchers: [alertname=~"KubePKI.+", severity=@info@]
      receiver: @log@
      repeat_interval: 7d

# A label that neither alert has counts as equal: the names of labels that a site does not use cost nothing, and a
# warning of one place never silences another's. Each alert that is named here has instance and path, where `equal` says
# so. node-exporter's NodeClockSkewDetected is left alone: the kernel clamps its offset to 0.5 s, so it sees others.
inhibit_rules:
  # No "resolved" of the first page at the moment when the second begins.
  - source_matchers: [alertname="KubePKICertificateNotYetValid"]
    target_matchers: [alertname="KubePKICertificateFutureDated"]
    equal: @one_path@
  # Never a certificate alert: after a power cut the whole room is ahead of a Prometheus that is right.
  - source_matchers: [alertname="KubePKIPrometheusClockSuspect"]
    target_matchers: [alertname=~"KubePKIHostClock(Skewed|Behind)"]
    equal: @one_job@
  # Only alerts about a path: others have no `path`, and would count as equal.
  - source_matchers: [alertname=~"KubePKI(Certificate.+|PathBroken)", severity=@critical@, @path@=~".+"]
    target_matchers: [alertname=~"KubePKI.+", severity=~@lower@, @path@=~".+"]
    equal: @one_path@

receivers:
  - name: default
  - name: @page@
    webhook_configs:
      - url: http://localhost:9099/page
        send_resolved: true
    slack_configs:
      - api_url: http://localhost:9099/slack
        channel: '#oncall'
        send_resolved: true
        title: '{{ template "kubepki.title" . }}'
        text: '{{ template "kubepki.text" . }}'
    pagerduty_configs:
      - routing_key: replace-by-the-integration-key
        url: http://localhost:9099/pagerduty
        send_resolved: true
        severity: critical
        description: '{{ template "kubepki.title" . }}.{{ template "kubepki.extent" . }}'
        # The text says it shortly; Alertmanager's own `firing` and `resolved` hold each label of each host.
        details:
          text: '{{ template "kubepki.text" . }}'
          firing: ''
          resolved: ''
  - name: @ticket@
    email_configs:
      - to: platform@example.com
        send_resolved: true
        headers:
          Subject: '{{ template "kubepki.title" . }}'
        text: '{{ template "kubepki.text" . }}'
        html: ''
  - name: @log@
    webhook_configs:
      - url: http://localhost:9099/log
        send_resolved: false
"""


def routing(site: Site) -> str:
    """Return the configuration as YAML."""
    names = {severity: json.dumps(site.severity(severity)) for severity in Severity}
    lower = "|".join(site.severity(each) for each in (Severity.WARNING, Severity.INFO))
    host = [label for label in site.host_labels if label == "instance"]
    one_job = dict.fromkeys((*site.grouping_labels, *site.place_labels))
    parts = {
        "group": _list(dict.fromkeys(("alertname", *site.grouping_labels))),
        "one_job": _list(one_job),
        "one_path": _list((*one_job, *host, renamed_label(site, "path"))),
        "path": renamed_label(site, "path"),
        "critical": names[Severity.CRITICAL],
        "warning": names[Severity.WARNING],
        "info": names[Severity.INFO],
        "lower": json.dumps(lower),
        "page": site.receivers[Severity.CRITICAL],
        "ticket": site.receivers[Severity.WARNING],
        "log": site.receivers[Severity.INFO],
    }
    text = _TEMPLATE
    for name, value in parts.items():
        text = text.replace(f"@{name}@", value)
    return text


def _list(names: Iterable[str]) -> str:
    return f"[{', '.join(names)}]"
