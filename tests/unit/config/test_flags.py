"""The command line."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubepki.config.flags import Command, Invocation, build_parser, failure_status, load
from kubepki.config.options import OPTIONS
from kubepki.settings import ConfigError, Directory, FilePattern, Kubeconfig, LogLevel, Settings

VALUES = {
    "web.listen_addresses": ":1",
    "web.telemetry_path": "/m",
    "web.config_file": "/w.yml",
    "web.max_requests": "3",
    "pki.directories": "/d",
    "pki.files": "/f/*.crt",
    "pki.kubeconfigs": "/k.conf",
    "pki.presets": "k3s",
    "pki.ignore": "/i/*.crt",
    "pki.password_file": "/p",
    "pki.timezone": "UTC",
    "scan.interval": "1s",
    "scan.reread_interval": "1m",
    "scan.max_file_size": "1KiB",
    "scan.max_files": "5",
    "scan.file_budget": "2s",
    "state.directory": "/s",
    "clock.apiserver": "false",
    "log.level": "debug",
    "log.format": "json",
}


def run(*argv: str, state: str | None = None) -> Invocation:
    return load(argv, {} if state is None else {"STATE_DIRECTORY": state}, "/cwd")


def refusal(*argv: str) -> str:
    with pytest.raises(ConfigError) as caught:
        run(*argv)
    return str(caught.value)


def test_no_argument_means_serve_with_the_defaults() -> None:
    """The contract's defaults."""
    assert run() == run("serve") == Invocation(command=Command.SERVE, settings=Settings())


def test_each_option_has_a_flag_that_does_what_its_key_does(tmp_path: Path) -> None:
    """The flag and the key give the same settings, and other ones than the default."""
    assert set(VALUES) == {option.key for option in OPTIONS}
    path = tmp_path / "c.yml"
    for option in OPTIONS:
        value = VALUES[option.key]
        text = f'["{value}"]' if option.repeated else f'"{value}"'
        path.write_text(f"{option.group}: {{{option.name}: {text}}}\n")
        flag = "--no-clock.apiserver" if option.switch else f"{option.flag}={value}"
        by_flag = run(flag).settings
        by_file = run(f"--config.file={path}").settings
        assert getattr(by_flag, option.group) == getattr(by_file, option.group) != getattr(Settings(), option.group)
        assert by_file.config_file == str(path)


@pytest.mark.parametrize(
    "argv",
    [
        ("serve", "--web.listen-address=:1", "--log.level=debug"),
        ("--web.listen-address=:1", "serve", "--log.level=debug"),
        ("--web.listen-address", ":1", "--log.level", "debug", "serve"),
        ("--web.listen-address=:1", "--log.level", "debug"),
    ],
)
def test_flags_stand_before_and_behind_the_command(argv: tuple[str, ...]) -> None:
    """And with or without an equals sign."""
    settings = run(*argv).settings
    assert settings.web.listen_addresses == (":1",)
    assert settings.log.level is LogLevel.DEBUG


def test_a_repeated_flag_on_both_sides_of_the_command_is_one_list() -> None:
    """Nothing that stands before the command is lost."""
    assert run("--pki.directory=/a", "serve", "--pki.directory=/b", "--pki.directory=/a").settings.pki.directories == (
        Directory(path="/a", explicit=True),
        Directory(path="/b", explicit=True),
    )


def test_a_value_that_reads_like_a_command_is_a_value() -> None:
    """`--pki.directory check` names a directory."""
    invocation = run("--pki.directory", "check")
    assert invocation.command is Command.SERVE
    assert invocation.settings.pki.directories == (Directory(path="/cwd/check", explicit=True),)


def test_flags_win_over_the_file_and_the_file_over_the_environment(tmp_path: Path) -> None:
    """Lists are replaced as a whole, each for itself."""
    path = tmp_path / "c.yml"
    path.write_text("pki: {directories: [/file, /more], kubeconfigs: [/file.conf]}\nstate: {directory: /file}\n")
    flag = f"--config.file={path}"
    assert run(state="/env:/second").settings.state.directory == "/env"
    assert run(flag, state="/env").settings.state.directory == "/file"
    settings = run(flag, "--state.directory=/flag", "--pki.directory=/flag", state="/env").settings
    assert settings.state.directory == "/flag"
    assert settings.pki.directories == (Directory(path="/flag", explicit=True),)
    assert settings.pki.kubeconfigs == (Kubeconfig(path="/file.conf", optional=False),)


@pytest.mark.parametrize("state", ["", ":", "relative"])
def test_an_unusable_state_directory_of_the_environment_is_none(state: str) -> None:
    """Systemd only sets absolute ones."""
    assert run(state=state).settings.state.directory is None


def test_relative_paths_of_flags_start_at_the_working_directory(tmp_path: Path) -> None:
    """Those of the file start at the file, wherever the process is."""
    (tmp_path / "c.yml").write_text("pki: {password_file: secret}\n")
    settings = load(["--config.file=c.yml", "--pki.kubeconfig=./k.conf"], {}, str(tmp_path)).settings
    assert settings.config_file == f"{tmp_path}/c.yml"
    assert settings.pki.password_file == f"{tmp_path}/secret"
    assert settings.pki.kubeconfigs == (Kubeconfig(path=f"{tmp_path}/k.conf", optional=False),)


def test_a_path_that_is_no_utf8_survives_a_real_command_line() -> None:
    """The bytes of argv come back from the settings as they were."""
    script = (
        "import os, sys; from kubepki.config.flags import load; s = load(sys.argv[1:], {}, '/').settings;"
        "os.write(1, os.fsencode(s.pki.files[0].pattern))"
    )
    done = subprocess.run([sys.executable, "-c", script, b"--pki.file=/a\xff*.crt"], capture_output=True, check=True)
    assert done.stdout == b"/a\xff*.crt"


def test_a_glob_and_a_name_are_told_apart() -> None:
    """A wildcard in the working directory is not one of the operator's."""
    settings = load(["--pki.file=a.crt", "--pki.file=*.crt"], {}, "/x*").settings
    assert settings.pki.files == (
        FilePattern(pattern="/x*/a.crt", wildcard=False),
        FilePattern(pattern="/x[*]/*.crt", wildcard=True),
    )


def test_check_takes_paths_and_a_time() -> None:
    """Paths stand anywhere behind the command; the time has a zone."""
    invocation = run("check", "a", "--json", "b", "--at=2021-09-01T13:21:24+02:00", "--", "-c")
    assert invocation.command is Command.CHECK
    assert invocation.paths == ("/cwd/a", "/cwd/b", "/cwd/-c")
    assert invocation.json
    assert invocation.at == 1_630_495_284.0
    assert run("check", "--at", "1630502484.5").at == 1_630_502_484.5
    assert run("check") == Invocation(command=Command.CHECK, settings=Settings())


@pytest.mark.parametrize("at", ["", "now", "2021-09-01T13:21:24", "2021-09-01", "nan", "1e9", "13:21Z"])
def test_a_time_without_zone_is_refused(at: str) -> None:
    """Local time is what this exporter warns of."""
    assert refusal("check", f"--at={at}").startswith("--at: expected a time with its zone")


def test_rollback_takes_one_path_and_its_own_flags() -> None:
    """A bare name stays one, for it is beside the link."""
    invocation = run("rollback", "/p", "--apply", "--to=old.pem", "--restart-kubelet")
    assert invocation == Invocation(
        command=Command.ROLLBACK,
        settings=Settings(),
        paths=("/p",),
        apply=True,
        to="old.pem",
        restart_kubelet=True,
    )
    assert run("rollback", "--to=./old.pem").to == "/cwd/old.pem"
    assert not run("rollback").apply
    assert refusal("rollback", "/a", "/b").startswith("unexpected argument /b")


@pytest.mark.parametrize(
    ("argv", "message", "status"),
    [
        (("--scan.intervall=1s",), "unknown flag --scan.intervall; did you mean --scan.interval?", 2),
        (("--scan.interva=1s",), "unknown flag --scan.interva; did you mean --scan.interval?", 2),
        (("--scan.interval",), "argument --scan.interval: expected one argument; see kubepki-exporter --help", 2),
        (("--scan.interval=1",), "--scan.interval: expected a duration such as", 2),
        (("serve", "x"), "unexpected argument x; see kubepki-exporter serve --help", 2),
        (("--log.level=x", "serve"), "--log.level: expected one of debug, info, warn, error", 2),
        (("--json",), "--json means nothing to serve; leave it out", 2),
        (("--config.file=/absent.yml",), "/absent.yml: cannot be read: No such file or directory", 2),
        (("check", "--bogus"), "unknown flag --bogus; see kubepki-exporter check --help", 3),
        (("--log.level", "x", "check"), "--log.level: expected one of", 3),
        (("check", "--web.listen-address=:1"), "--web.listen-address means nothing to check; leave it out", 3),
        (("check", "--config.check"), "--config.check means nothing to check; leave it out", 3),
        (("check", "--config.file=/absent.yml"), "/absent.yml: cannot be read", 3),
        (("rollback", "--json"), "--json means nothing to rollback; leave it out", 3),
        (("chek",), "unknown command chek; did you mean check?", 3),
        (("/var/lib/kubelet/pki",), "unknown command /var/lib/kubelet/pki; the commands are serve, check, rollback", 3),
    ],
)
def test_a_mistake_is_one_line_with_the_status_of_its_command(argv: tuple[str, ...], message: str, status: int) -> None:
    """1 and 2 of `check` only ever mean findings; abbreviations are mistakes."""
    assert refusal(*argv).startswith(message)
    assert failure_status(argv) == status


@pytest.mark.parametrize("argv", [("--help",), ("-h",), ("check", "--help"), ("--version",), ("rollback", "--version")])
def test_help_and_version_end_well(argv: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """On standard output, with status 0."""
    with pytest.raises(SystemExit) as caught:
        run(*argv)
    assert caught.value.code == 0
    out, err = capsys.readouterr()
    assert out.startswith("kubepki-exporter, version " if "--version" in argv else "usage: kubepki-exporter")
    assert err == ""


def test_help_shows_each_flag_its_default_and_the_exit_statuses() -> None:
    """The help of the whole command line serves the man page, too."""
    text = " ".join(build_parser().format_help().split())
    for option in OPTIONS:
        assert option.flag in text
        assert f"Default: {option.default}." in text
    assert "Exit status: 0" in text
    assert "Example: kubepki-exporter" in text


def test_help_does_not_depend_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """It can be compared and shipped."""
    text = build_parser().format_help()
    monkeypatch.setenv("COLUMNS", "40")
    assert build_parser().format_help() == text


def test_a_start_without_a_file_does_not_load_the_parser_of_yaml() -> None:
    """PyYAML costs a start some milliseconds."""
    script = "import sys; from kubepki.config.flags import load; load([], {}, '/'); print('yaml' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert done.stdout == "False\n"


_WORDS = st.sampled_from(
    ["serve", "check", "--", "-x", "--json", "--pki.file", "--pki.file=/a", "/p", "", "--at=1", "--apply", "\udcff"]
)


@given(st.lists(_WORDS, max_size=6))
def test_any_arguments_are_an_invocation_or_one_line_of_error(argv: list[str]) -> None:
    """Nothing but ConfigError is raised, and its status is known."""
    try:
        load(argv, {}, "/cwd")
    except ConfigError as error:
        str(error).encode()
        assert "\n" not in str(error)  # noqa: PT017 - not raising is good, too
        assert failure_status(argv) in {2, 3}
