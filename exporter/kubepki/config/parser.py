"""The parser of the command line, from the table of options.

Rules of this module: pure; the manual page and the check of the documentation are generated from `build_parser`.
"""

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from kubepki import __version__
from kubepki.config.commands import ABOUT, NOTES, PROGRAM, SUMMARIES, USAGES, Command
from kubepki.config.option import Option
from kubepki.config.options import GROUPS, OPTIONS
from kubepki.config.own_flags import OWN_FLAGS, OWN_VALUED, add_own
from kubepki.config.values import nearest
from kubepki.settings import ConfigError


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Help of one width everywhere, so that it can be compared and shipped."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=34, width=110)


class _Parser(argparse.ArgumentParser):
    """Reports a mistake as ConfigError instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(message, hint=f"see {self.prog} --help")


_STYLE: Any = {
    "formatter_class": _Formatter,
    "allow_abbrev": False,
    "add_help": False,
    "argument_default": argparse.SUPPRESS,
}


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line, with a sub-parser for each command."""
    return _build()[0]


def parse_arguments(argv: Sequence[str]) -> tuple[Command, dict[str, Any]]:
    """Return the command and what *argv* gives, by key for the options of the table. Raises ConfigError.

    Flags may stand before and behind the command. Prints and raises SystemExit(0) for `--help` and `--version`.
    """
    top, commands = _build()
    flags, words = split_arguments(argv)
    command = _command(words[0]) if words else Command.SERVE
    parser = commands[command] if words else top
    paths = words[1:]
    if paths and command in (Command.SERVE, Command.UNIT_PATHS):
        raise _unknown(paths[0], command, parser.prog)
    namespace, extra = parser.parse_known_args([*flags, "--", *paths] if paths else flags)
    if extra:
        raise _unknown(extra[0], command, parser.prog)
    return command, vars(namespace)


def split_arguments(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the flags of *argv* with their values, and the other words, of which the first is the command.

    argparse itself would lose flags that stand before a sub-command, and paths that stand behind a flag.
    """
    flags: list[str] = []
    words: list[str] = []
    rest = iter(argv)
    for word in rest:
        if word == "--":
            words.extend(rest)
        elif not word.startswith("-"):
            words.append(word)
        else:
            # As one word, so that a value may begin with a dash; after two it is a flag, and the value is missing.
            value = next(rest, None) if word in _VALUED else None
            joined = value is not None and not value.startswith("--")
            flags += [f"{word}={value}"] if joined else [each for each in (word, value) if each is not None]
    return flags, words


_VALUED = frozenset({*OWN_VALUED, *(option.flag for option in OPTIONS if not option.switch)})


def _command(word: str) -> Command:
    try:
        return Command(word)
    except ValueError:
        near = nearest(word, tuple(Command))
        hint = f"did you mean {near}?" if near else f"the commands are {', '.join(Command)}"
        what = f"unknown command {word}"
        raise ConfigError(what, hint=hint) from None


def _unknown(word: str, command: Command, prog: str) -> ConfigError:
    flag = word.partition("=")[0]
    if not word.startswith("--"):
        return ConfigError(f"unexpected argument {word}", hint=f"see {prog} --help")
    flags = (*OWN_FLAGS, *(option.flag for option in OPTIONS))
    if flag in flags:
        return ConfigError(f"{flag} means nothing to {command}", hint="leave it out")
    near = nearest(flag, flags)
    return ConfigError(f"unknown flag {flag}", hint=f"did you mean {near}?" if near else f"see {prog} --help")


def _build() -> tuple[_Parser, dict[Command, _Parser]]:
    usage = f"%(prog)s {USAGES[Command.SERVE]}" + "".join(
        f"\n       %(prog)s {command} {USAGES[command]}" for command in Command
    )
    top = _Parser(usage=usage, description=ABOUT, epilog=NOTES[Command.SERVE], prog=PROGRAM, **_STYLE)
    subparsers = top.add_subparsers(title="Commands", metavar="COMMAND", prog=PROGRAM, parser_class=_Parser)
    _add_arguments(top, Command.SERVE)
    commands: dict[Command, _Parser] = {}
    for command, summary in SUMMARIES.items():
        commands[command] = subparsers.add_parser(
            command.value,
            help=summary,
            usage=f"%(prog)s {USAGES[command]}",
            description=summary,
            epilog=NOTES[command],
            **_STYLE,
        )
        _add_arguments(commands[command], command)
    return top, commands


def _add_arguments(parser: _Parser, command: Command) -> None:
    """Add what *command* takes; nothing has a default here, so that only what was given is found."""
    general = parser.add_argument_group("General")
    general.add_argument("-h", "--help", action="help", help="Print this help and exit.")
    version = f"{PROGRAM}, version {__version__}"
    general.add_argument("--version", action="version", version=version, help="Print the version and exit.")
    if command is Command.RULES:
        add_own(general, command)
        return
    general.add_argument(
        "--config.file", dest="config_file", metavar="FILE", help="Configuration file in YAML. Default: none."
    )
    add_own(general, command)
    # The drop-in is written from the flags that the unit gives its service.
    serves = command in (Command.SERVE, Command.UNIT_PATHS)
    for group, title in GROUPS.items():
        wanted = [each for each in OPTIONS if each.group == group and (serves or not each.service)]
        if wanted:
            section = parser.add_argument_group(title)
            for option in wanted:
                _add_option(section, option)


def _add_option(group: argparse._ArgumentGroup, option: Option) -> None:
    repeatable = " Repeatable." if option.repeated else ""
    text = f"{option.help}{repeatable} Default: {option.default}.".replace("%", "%%")
    if option.switch:
        group.add_argument(option.flag, dest=option.key, action=argparse.BooleanOptionalAction, help=text)
    else:
        action = "append" if option.repeated else "store"
        group.add_argument(option.flag, dest=option.key, action=action, metavar=option.metavar, help=text)
