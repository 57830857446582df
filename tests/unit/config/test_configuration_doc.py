"""docs/configuration.md against the parser and the schema of the file, in both directions."""

import re
from argparse import ArgumentParser, _SubParsersAction

import pytest

from kubepki.config.assembly import restart_needed
from kubepki.config.flags import Command, build_parser, load
from kubepki.config.options import GROUPS, OPTIONS, REFERENCE_KEYS, REFERENCES_KEY
from kubepki.config.presets import NAMES, expand
from kubepki.config.schema import KEYS, parse_config
from kubepki.settings import ConfigError
from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "configuration.md").read_text()
HEADINGS = re.compile(r"^#+ (.*)$", re.MULTILINE)


def section(title: str) -> str:
    """Return the text below the heading *title*, up to the next heading."""
    below = re.split(rf"^#+ {re.escape(title)}$", TEXT, flags=re.MULTILINE)[1]
    return HEADINGS.split(below)[0]


def rows(text: str) -> list[list[str]]:
    """Return the cells of the tables in *text*, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [row for row in cells if not row[0].startswith("---") and row[0] not in {"key", "flag", "kind", "preset"}]


def code(cell: str) -> str:
    """Return the first text in backticks."""
    return cell.split("`")[1]


def commands() -> dict[str, ArgumentParser]:
    """Return the parser of each command."""
    parser = build_parser()
    (action,) = (action for action in parser._actions if isinstance(action, _SubParsersAction))  # noqa: SLF001
    return dict(action.choices)


def flags(parser: ArgumentParser) -> set[str]:
    """Return the long flags of *parser*, the negation of a switch left out."""
    known = {flag for action in parser._actions for flag in action.option_strings}  # noqa: SLF001 - no public way
    return {flag for flag in known if flag.startswith("--") and not flag.startswith("--no-")}


def test_each_key_is_documented_with_its_flag_and_default() -> None:
    """No key is missing, none is left over, and none is told wrongly."""
    documented = {code(row[0]): row for row in rows(TEXT) if len(row) == 4}
    assert set(documented) == set(KEYS)
    for option in OPTIONS:
        row = documented[option.key]
        assert code(row[1]) == option.flag
        assert row[2].replace("`", "") == option.default.replace("`", ""), option.key
        assert row[3].startswith("List.") == option.repeated, option.key
    assert documented[REFERENCES_KEY][1] == "none: file only"


def test_each_group_has_its_heading() -> None:
    """The help and the document have the same groups in the same order."""
    shown = [
        line.rstrip(":") for line in build_parser().format_help().splitlines() if line.rstrip(":") in GROUPS.values()
    ]
    assert (
        [heading for heading in HEADINGS.findall(TEXT) if heading in GROUPS.values()] == shown == list(GROUPS.values())
    )


def test_the_keys_of_references_are_documented() -> None:
    """Both kinds together."""
    found = {code(row[0]) for row in rows(section("Other clocks")) if len(row) == 2}
    assert found == set(REFERENCE_KEYS)


# The drop-in is written from the service's own flags.
SERVICE = (Command.SERVE, Command.UNIT_PATHS)


def test_each_flag_is_documented_for_the_commands_that_take_it() -> None:
    """The parser of each command takes what the document says, and nothing else."""
    keyed = {option.flag: option for option in OPTIONS}
    own = {code(row[0]): row[1] for row in rows(section("Flags without a key"))}
    for name, parser in commands().items():
        takes = {flag for flag, option in keyed.items() if name in SERVICE or not option.service}
        if name == Command.RULES:  # looks at no host
            takes = set()
        for flag, command in own.items():
            said = f"`{name}`" in command
            # "`check`, `rollback`", "all" or "all but `rules`".
            if said != command.startswith("all"):
                takes.add(flag)
        assert flags(parser) == takes, name
    assert flags(build_parser()) == flags(commands()["serve"])


def test_flags_that_only_the_service_takes_are_named() -> None:
    """The sentence on `check` and `rollback` is exact."""
    service = {option.flag for option in OPTIONS if option.service and option.group != "web"}
    assert service == {"--scan.interval", "--scan.reread-interval"}
    assert all(option.service for option in OPTIONS if option.group == "web")
    sentence = (
        "`check` and `rollback` take all flags above but `--web.…`, `--scan.interval` and `--scan.reread-interval`"
    )
    assert sentence in TEXT


def test_each_preset_is_documented_with_its_paths() -> None:
    """Each directory and each glob of a preset is in its row."""
    documented = {code(row[0]): row[1] for row in rows(section("Presets"))}
    assert set(documented) == set(NAMES)
    for name in ("kubespray", "k3s", "k0s", "openshift", "aks"):
        sources = expand([name], lambda _path: False)
        for directory in sources.directories:
            assert f"`{directory.path}`" in documented[name]
        for pattern in sources.files:
            directory_name, _, file_name = pattern.pattern.rpartition("/")
            whole = f"`{pattern.pattern}`" in documented[name]
            assert whole or (f"`{directory_name}`" in documented[name] and f"`{file_name}`" in documented[name])


def test_what_a_reload_does_not_take_over_is_listed() -> None:
    """Exactly the fixed keys."""
    listed = section("Reload").partition("after a restart:")[2].partition(". The content")[0]
    assert set(re.findall(r"`([a-z_.]+)`", listed)) == {option.key for option in OPTIONS if option.fixed}
    settings = load([], {}, "/").settings
    assert restart_needed(settings, settings) == ()


def test_the_example_is_complete_and_good() -> None:
    """It loads, and every key is in it."""
    (example,) = re.findall(r"```yaml\n(.*?)```", TEXT, flags=re.DOTALL)
    chosen = parse_config(example.encode(), source="example", base="/etc/kubepki-exporter")
    assert set(chosen) == set(KEYS)
    for name in REFERENCE_KEYS:
        assert re.search(rf"^ +(- )?{name}:", example, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("flag", "good", "bad"),
    [
        ("--scan.interval", ("100ms", "5m"), ("99ms", "301s")),
        ("--scan.reread-interval", ("100ms", "1d"), ("99ms", "25h")),
        ("--scan.max-file-size", ("64MiB",), ("65MiB", "0")),
        ("--scan.max-files", ("1", "1000000"), ("0", "1000001")),
        ("--scan.file-budget", ("100ms", "1m"), ("99ms", "61s")),
        ("--web.max-requests", ("0", "10000"), ("-1", "10001")),
    ],
)
def test_the_bounds_that_are_documented_hold(flag: str, good: tuple[str, ...], bad: tuple[str, ...]) -> None:
    """At the bound a value is taken, beyond it is refused; the bound stands in the row."""
    (row,) = (row for row in rows(TEXT) if len(row) == 4 and f"`{flag}`" in row[1])
    assert all(value in row[3] or value in {"1", "100ms"} for value in good)
    for value in good:
        load([f"{flag}={value}"], {}, "/")
    for value in bad:
        with pytest.raises(ConfigError):
            load([f"{flag}={value}"], {}, "/")
