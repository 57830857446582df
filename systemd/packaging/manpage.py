#!/usr/bin/env python3
"""Print the manual page kubepki-exporter(8), made from the parser of the command line, as man(7) source."""

# ruff: noqa: SLF001 - argparse has no public way to ask a parser for its options

import argparse
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping

from kubepki import __version__
from kubepki.config.flags import build_parser

NAME = "kubepki-exporter"
FILES = {
    "/etc/default/kubepki-exporter": "ARGS=, the flags of the service.",
    "/var/lib/kubepki-exporter": "What outlives a restart of the service.",
    "/usr/share/kubepki-exporter/rules": "Alert rules for Prometheus, and routing for Alertmanager.",
    "/usr/share/kubepki-exporter/grafana": "The dashboard and its provisioning.",
}
SIGNALS = {
    "SIGHUP": "Read the configuration again. A bad one is refused and the old one stays in force.",
    "SIGTERM, SIGINT": "End.",
}
SEE_ALSO = "https://github.com/kubepki/kubepki-exporter"


def manual(parser: argparse.ArgumentParser, *, epoch: float) -> str:
    """Return the page; *epoch* (Unix seconds) is its date. The same parser and date always give the same text."""
    date = time.strftime("%Y-%m-%d", time.gmtime(epoch))
    return "\n".join((f'.TH KUBEPKI-EXPORTER 8 {date} "{NAME} {__version__}" "System administration"', *_body(parser)))


def _body(parser: argparse.ArgumentParser) -> Iterator[str]:
    commands = _commands(parser)
    yield from (".SH NAME", f"{_text(NAME)} \\- watch the PKI of a Kubernetes host for Prometheus", ".SH SYNOPSIS")
    usage = parser.format_usage().removeprefix("usage: ")
    yield from _lines(line.strip() for line in usage.splitlines())
    yield from (".SH DESCRIPTION", _text(parser.description or ""), ".SH OPTIONS")
    for group in _groups(parser):
        yield from (f".SS {_text(group.title or '')}", *_options(group))
    yield ".SH COMMANDS"
    common = {flag for group in _groups(parser) for action in group._group_actions for flag in action.option_strings}
    for name, command in commands.items():
        yield from (f".SS {_text(name)}", _text(command.description or ""))
        own = [option for group in _groups(command) for option in _options(group, leave_out=common)]
        yield from own
        if command.epilog and command.epilog != parser.epilog:
            yield from (".PP", *_epilog(command.epilog))
    yield from (".SH NOTES", *_epilog(parser.epilog or ""))
    for title, entries in (("SIGNALS", SIGNALS), ("FILES", FILES)):
        yield f".SH {title}"
        for term, text in entries.items():
            yield from (".TP", f".B {_text(term)}", _text(text))
    yield from (".SH SEE ALSO", _text(SEE_ALSO), "")


def _commands(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return action.choices
    return {}


def _groups(parser: argparse.ArgumentParser) -> Iterator[argparse._ArgumentGroup]:
    """Yield the groups that hold options."""
    for group in parser._action_groups:
        actions = [action for action in group._group_actions if not isinstance(action, argparse._SubParsersAction)]
        if actions:
            yield group


def _options(group: argparse._ArgumentGroup, *, leave_out: Iterable[str] = ()) -> Iterator[str]:
    skipped = frozenset(leave_out)
    for action in group._group_actions:
        if skipped.isdisjoint(action.option_strings):
            metavar = _text(str(action.metavar or action.dest))
            takes_value = action.nargs != 0
            flags = ", ".join(f"\\fB{_text(flag)}\\fR" for flag in action.option_strings) or f"\\fI{metavar}\\fR"
            value = f" \\fI{metavar}\\fR" if action.option_strings and takes_value else ""
            yield from (".TP", flags + value, _text((action.help or "").replace("%%", "%")))


def _epilog(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(text.split("\n\n")):
        if number:
            yield ".PP"
        lines = paragraph.splitlines()
        indented = any(line.startswith(" ") for line in lines)
        yield from _lines(lines) if indented else map(_text, lines)


def _lines(lines: Iterable[str]) -> Iterator[str]:
    yield from (".nf", *map(_text, lines), ".fi")


def _text(text: str) -> str:
    """Return *text* with what man(7) would interpret made harmless."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga").replace("'", "\\(aq")
    return f"\\&{escaped}" if escaped.startswith(".") else escaped


if __name__ == "__main__":
    sys.stdout.write(manual(build_parser(), epoch=float(os.environ.get("SOURCE_DATE_EPOCH") or time.time())))
