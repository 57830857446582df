"""What each command takes beside the options of the table.

Rules of this module: pure; nothing has a default here, so that only what was given is found.
"""

import argparse

from kubepki.config.commands import RULE_FILES, Command

OWN_VALUED = ("--config.file", "--at", "--to", "--every", "--site", "--print")
OWN_FLAGS = (*OWN_VALUED, "--config.check", "--json", "--apply", "--restart-kubelet", "--shared-directory")


def add_own(group: argparse._ArgumentGroup, command: Command) -> None:
    """Add the flags and the words that *command* alone takes."""
    if command is Command.SERVE:
        text = "Only say whether the configuration is good."
        group.add_argument("--config.check", dest="config_check", action="store_true", help=text)
    elif command is Command.CHECK:
        _add_check(group)
    elif command is Command.ROLLBACK:
        _add_rollback(group)
    elif command is Command.TEXTFILE:
        _add_textfile(group)
    elif command is Command.FORGET:
        group.add_argument("paths", nargs=1, metavar="PATH", help="The path to forget.")
    elif command is Command.RULES:
        _add_rules(group)


def _add_check(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "paths", nargs="*", metavar="PATH", help="Directory, file or kubeconfig to look at instead of all sources."
    )
    group.add_argument("--json", action="store_true", help="Print JSON instead of text.")
    _add_at(group)


def _add_textfile(group: argparse._ArgumentGroup) -> None:
    group.add_argument("paths", nargs=1, metavar="FILE", help="File to write, in the directory of the collector.")
    group.add_argument(
        "--every", metavar="DURATION", help="Go on and write it again after DURATION, 5s to 1h. Default: write it once."
    )


def _add_rules(group: argparse._ArgumentGroup) -> None:
    group.add_argument("paths", nargs="?", metavar="DIR", help="Directory to write into. Default: print to the output.")
    group.add_argument("--site", metavar="FILE", help="A site's parameters in YAML. Default: those of what is shipped.")
    group.add_argument(
        "--print",
        dest="show",
        metavar="NAME",
        help=f"What to print: {', '.join(RULE_FILES)}. Default: {next(iter(RULE_FILES))}.",
    )


def _add_rollback(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "paths",
        nargs="?",
        metavar="PATH",
        help="Link to repair, or its directory. Default: the kubelet's client link in the sources.",
    )
    group.add_argument("--apply", action="store_true", help="Do it. Without this flag the plan is shown.")
    group.add_argument(
        "--to",
        metavar="FILE",
        help="Older file to point at, a bare name beside the link. Default: the best that passes.",
    )
    group.add_argument(
        "--restart-kubelet",
        dest="restart_kubelet",
        action="store_true",
        help="With --apply: restart the kubelet, too, and watch for a minute whether it keeps the file.",
    )
    group.add_argument(
        "--shared-directory",
        dest="shared_directory",
        action="store_true",
        help="With --apply: do it although others than root and its owner can write to the link's directory.",
    )
    _add_at(group)


def _add_at(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--at",
        metavar="TIME",
        help="Take TIME (RFC 3339 or Unix seconds) for now, from a clock that you trust. Default: what clocks say.",
    )
