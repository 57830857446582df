"""The commands and what their help says.

Rules of this module: names and texts only.
"""

from collections.abc import Mapping
from enum import StrEnum

PROGRAM = "kubepki-exporter"


class Command(StrEnum):
    """What to do; a command line without one means `serve`."""

    SERVE = "serve"
    CHECK = "check"
    ROLLBACK = "rollback"
    TEXTFILE = "textfile"
    FORGET = "forget"
    UNIT_PATHS = "unit-paths"
    RULES = "rules"


SUMMARIES: Mapping[Command, str] = {
    Command.SERVE: "Watch the PKI of this host and serve its metrics. This is what happens without a command, too.",
    Command.CHECK: "Look once and say what is wrong, until when, and what to do.",
    Command.ROLLBACK: "Point a kubelet's link back at the best older file that passes every check.",
    Command.TEXTFILE: "Write the metrics into a file for node_exporter's textfile collector, and listen nowhere.",
    Command.FORGET: "No longer expect a path that was seen before and is gone for good.",
    Command.UNIT_PATHS: "Print a drop-in of the service's unit, in which only the settings' own paths are visible.",
    Command.RULES: "Write a site's alert rules, PrometheusRule, Alertmanager routing and message templates.",
}
RULE_FILES: Mapping[str, str] = {
    "rules": "kubepki.rules.yml",
    "prometheusrule": "prometheusrule.yaml",
    "routing": "alertmanager.yml",
    "templates": "templates/kubepki.tmpl",
}
"""What `rules` writes, by the name that it is asked for with."""
ABOUT = (
    "Watches a Kubernetes host's PKI and catches future-dated kubelet certificates before the API server rejects them."
)
NOTES: Mapping[Command, str] = {
    Command.SERVE: f"""\
Flags win over the configuration file, and that over the defaults. Relative paths of flags start at the working
directory, those of the file at the directory of the file. SIGHUP reads the configuration again.

Exit status:
  0  ended by SIGTERM or SIGINT; with --config.check: the configuration is good
  1  failed while running
  2  a flag or the configuration cannot be used

Example:
  {PROGRAM} --web.listen-address=127.0.0.1:10509 --pki.preset=kubeadm
""",
    Command.CHECK: f"""\
Exit status:
  0  healthy
  1  warnings
  2  critical
  3  could not look: a flag, the configuration or a path cannot be used

Example:
  {PROGRAM} check /var/lib/kubelet/pki
""",
    Command.ROLLBACK: f"""\
Without --apply nothing is changed: the plan is shown.

Exit status:
  0  the plan is shown; with --apply: the link points at the older file
  1  no file passes every check, or nothing is to be repaired; nothing was changed
  3  could not look (a flag, the configuration or a path cannot be used), or the next step failed; the message says
     whether the link was changed
  4  undone: within a minute of its restart the kubelet rotated again, to a file that is not good either

Example, with the time from a clock that did not lose power:
  {PROGRAM} rollback --at=2026-04-10T12:00:00Z /var/lib/kubelet/pki/kubelet-client-current.pem
""",
    Command.TEXTFILE: f"""\
FILE is replaced whole; its name ends in .prom. A fault is looked at twice within a second before it is written.

Exit status:
  0  written; with --every: ended by SIGTERM or SIGINT
  1  the file cannot be written
  2  a flag, the configuration or the name of the file cannot be used

Example:
  {PROGRAM} textfile /var/lib/prometheus/node-exporter/kubepki.prom
""",
    Command.FORGET: f"""\
What was seen once is expected, over restarts too: a kubelet's link, a kubeconfig of the default sources. The service
takes the request in at its next scan. Run it as root, for the state belongs to the service.

Exit status:
  0  the path is no longer expected
  1  the request cannot be written
  2  a flag or the configuration cannot be used, or the path is there or not remembered

Example:
  {PROGRAM} forget /etc/kubernetes/kubelet.conf
""",
    Command.UNIT_PATHS: f"""\
The flags and the configuration file are those of the service. It reads kubeconfigs, so run it as root. It prints to
standard output; afterwards: systemctl daemon-reload, systemctl restart kubepki-exporter.

Exit status:
  0  printed
  2  a flag or the configuration cannot be used

Example:
  {PROGRAM} unit-paths --pki.preset=kubeadm
""",
    Command.RULES: f"""\
With DIR its files are written: kubepki.rules.yml, prometheusrule.yaml, alertmanager.yml, templates/kubepki.tmpl. A file
that was there and differs is kept as NAME.before. Without DIR one of them is printed. docs/rules.md lists the
parameters
of a site.

Exit status:
  0  written, or printed
  1  a file cannot be written
  2  a flag or the site's file cannot be used

Example:
  {PROGRAM} rules --site=site.yaml /etc/prometheus/kubepki
""",
}
USAGES: Mapping[Command, str] = {
    Command.SERVE: "[FLAGS]",
    Command.CHECK: "[FLAGS] [PATH ...]",
    Command.ROLLBACK: "[FLAGS] [PATH]",
    Command.TEXTFILE: "[FLAGS] FILE [--every DURATION]",
    Command.FORGET: "[FLAGS] PATH",
    Command.UNIT_PATHS: "[FLAGS]",
    Command.RULES: "[--site FILE] [--print NAME | DIR]",
}
