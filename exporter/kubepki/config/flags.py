"""From the command line, the environment and the configuration file to one `Invocation`.

Flags win over the configuration file, the file over the environment, and that over the defaults.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from kubepki.config.assembly import assemble
from kubepki.config.commands import RULE_FILES, Command
from kubepki.config.durations import parse_duration
from kubepki.config.moments import parse_moment
from kubepki.config.option import Option
from kubepki.config.options import OPTIONS
from kubepki.config.parser import build_parser, parse_arguments, split_arguments
from kubepki.config.paths import absolute
from kubepki.settings import ConfigError, Directory, FilePattern, Kubeconfig, Settings

__all__ = ["Command", "Invocation", "build_parser", "failure_status", "load"]

T = TypeVar("T")
USAGE_STATUS = 2
COULD_NOT_LOOK_STATUS = 3
_SHORTEST_PERIOD = 5.0
_LONGEST_PERIOD = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One command line, understood.

    `config_check` asks `serve` to end once the configuration is known to be good. `paths` replace all sources of
    `check` (any number); of `rollback` (one at most) they choose the link. `at` is the Unix time that both take for
    now. `to` is the file that `rollback` takes: an absolute path, or a bare name, which is beside the link. `flags`
    lead another command line to the same sources, proofs and clocks from any working directory and environment. `every`
    is the period of `textfile` in seconds, None for once. `site` is the file that `rules` reads, `show` the name of
    what it prints where `paths` has no directory.
    """

    command: Command
    settings: Settings
    config_check: bool = False
    paths: tuple[str, ...] = ()
    json: bool = False
    at: float | None = None
    apply: bool = False
    to: str | None = None
    restart_kubelet: bool = False
    shared_directory: bool = False
    every: float | None = None
    site: str | None = None
    show: str = next(iter(RULE_FILES.values()))
    flags: tuple[str, ...] = ()


def load(argv: Sequence[str], environ: Mapping[str, str], cwd: str) -> Invocation:
    """Return what *argv* (without the program's name) asks for, having read the configuration file.

    *cwd* is the absolute directory of the flags' relative paths; of *environ* only STATE_DIRECTORY counts. To reload,
    call it again with the same arguments. Raises ConfigError (see `failure_status`), and SystemExit(0) once `--help`
    or `--version` has been printed.
    """
    command, given = parse_arguments(argv)
    by_flag = _by_flag(given, cwd)
    config_file = _optional("--config.file", given.get("config_file"), cwd, absolute)
    by_file: dict[str, object] = {}
    places: dict[str, str] = {}
    if config_file is not None:
        from kubepki.config.file import read_config  # noqa: PLC0415 - PyYAML costs a start some milliseconds

        by_file, places = read_config(config_file)
    # A flag wins over the file, also as the place of a mistake.
    for option in OPTIONS:
        if option.key in by_flag:
            places.pop(option.flag, None)
    by_environment = _by_environment(environ)
    settings = assemble(by_environment | by_file | by_flag, config_file=config_file, places=places)
    paths = given.get("paths") or ()
    return Invocation(
        command=command,
        settings=settings,
        config_check=given.get("config_check", False),
        paths=tuple(_value("PATH", path, cwd, absolute) for path in ((paths,) if isinstance(paths, str) else paths)),
        json=given.get("json", False),
        at=_optional("--at", given.get("at"), cwd, _moment),
        apply=given.get("apply", False),
        to=_optional("--to", given.get("to"), cwd, _fallback),
        restart_kubelet=given.get("restart_kubelet", False),
        shared_directory=given.get("shared_directory", False),
        every=_optional("--every", given.get("every"), cwd, _period),
        site=_optional("--site", given.get("site"), cwd, absolute),
        show=_optional("--print", given.get("show"), cwd, _rule_file) or next(iter(RULE_FILES.values())),
        flags=_to_repeat(given, by_environment, config_file, cwd),
    )


def failure_status(argv: Sequence[str]) -> int:
    """Return the exit status for a command line that failed before it found out anything.

    2 for the service and the commands that look for no findings; 3 for `check` and `rollback`, of which 1 and 2 only
    ever mean
    findings, and for a command that does not exist.
    """
    words = split_arguments(argv)[1]
    service = {*Command} - {Command.CHECK, Command.ROLLBACK}
    return USAGE_STATUS if not words or words[0] in service else COULD_NOT_LOOK_STATUS


def _by_flag(given: Mapping[str, Any], cwd: str) -> dict[str, object]:
    chosen: dict[str, object] = {}
    for option in OPTIONS:
        if option.key not in given:
            continue
        value = given[option.key]
        if option.switch:
            chosen[option.key] = value
        elif option.repeated:
            chosen[option.key] = tuple(dict.fromkeys(_value(option.flag, text, cwd, option.parse) for text in value))
        else:
            chosen[option.key] = _value(option.flag, value, cwd, option.parse)
    return chosen


def _to_repeat(
    given: Mapping[str, Any], by_environment: Mapping[str, object], config_file: str | None, cwd: str
) -> tuple[str, ...]:
    """Return the flags that were given, but those of the log, with absolute paths; and what the environment said."""
    flags = [] if config_file is None else [f"--config.file={config_file}"]
    for option in OPTIONS:
        if option.service or option.group == "log":
            continue
        if option.key in given:
            value = given[option.key]
            if option.switch:
                flags.append(option.flag if value else option.flag.replace("--", "--no-", 1))
                continue
            texts = value if option.repeated else (value,)
            flags += [f"{option.flag}={_spelled(option, text, cwd)}" for text in dict.fromkeys(texts)]
        elif isinstance(value := by_environment.get(option.key), str):
            flags.append(f"{option.flag}={value}")
    return tuple(flags)


def _spelled(option: Option, text: str, cwd: str) -> str:
    match option.parse(text, cwd):
        case Directory(path=path) | Kubeconfig(path=path) | FilePattern(pattern=path):
            return path
        case str() as path:
            return path
    return text


def _by_environment(environ: Mapping[str, str]) -> dict[str, object]:
    """Return the first of systemd's state directories (systemd.exec(5)), which are absolute and parted by colons."""
    first = environ.get("STATE_DIRECTORY", "").partition(":")[0]
    return {"state.directory": absolute(first, "/")} if first.startswith("/") else {}


def _value(flag: str, text: str, base: str, parse: Callable[[str, str], T]) -> T:
    try:
        return parse(text, base)
    except ValueError as error:
        raise ConfigError(str(error), where=flag) from None


def _optional(flag: str, text: str | None, base: str, parse: Callable[[str, str], T]) -> T | None:
    return None if text is None else _value(flag, text, base, parse)


def _moment(text: str, _base: str) -> float:
    return parse_moment(text)


def _period(text: str, _base: str) -> float:
    seconds = parse_duration(text)
    if not _SHORTEST_PERIOD <= seconds <= _LONGEST_PERIOD:
        what = "expected a duration from 5s to 1h"
        raise ValueError(what)
    return seconds


def _rule_file(text: str, _base: str) -> str:
    if text not in RULE_FILES:
        what = f"expected one of {', '.join(RULE_FILES)}"
        raise ValueError(what)
    return RULE_FILES[text]


def _fallback(text: str, base: str) -> str:
    return absolute(text, base) if "/" in text else absolute(text, "/")[1:]
