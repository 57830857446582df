"""The configuration file."""

import os
from pathlib import Path

import pytest

from kubepki.config.assembly import assemble
from kubepki.config.file import read_config
from kubepki.config.options import GROUPS
from kubepki.config.schema import KEYS, parse_config
from kubepki.settings import (
    ConfigError,
    Directory,
    FilePattern,
    HttpsReference,
    Kubeconfig,
    LogFormat,
    NtpReference,
    Settings,
)

NO_NAME = "expected a name, not a number, a truth value or a date; write it in quotes where it is one"


def parse(text: str) -> dict[str, object]:
    return parse_config(text.encode(), source="c.yml", base="/etc/kubepki")


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return str(caught.value)


@pytest.mark.parametrize("text", ["", "# nothing\n", "web:\nscan: {}\n"])
def test_an_empty_file_chooses_nothing(text: str) -> None:
    """Sections whose keys are all commented out are good."""
    assert parse(text) == {}
    assert assemble(parse(text)) == Settings()


def test_each_kind_of_value_is_read() -> None:
    """Lists, durations, sizes, numbers, choices and switches."""
    chosen = parse(
        "web: {listen_addresses: [':1', '[::1]:2', ':1'], max_requests: 0}\n"
        "scan: {interval: 500ms, max_file_size: 512KiB, max_files: 7}\n"
        "clock: {apiserver: false}\n"
        "log: {format: json}\n"
    )
    settings = assemble(chosen)
    assert settings.web.listen_addresses == (":1", "[::1]:2")
    assert settings.web.max_requests == 0
    assert (settings.scan.interval, settings.scan.max_file_size, settings.scan.max_files) == (0.5, 524_288, 7)
    assert settings.clock.apiserver is False
    assert settings.log.format is LogFormat.JSON


def test_paths_start_at_the_directory_of_the_file() -> None:
    """What is named is expected; a wildcard is not; a wildcard in the base stands for itself."""
    text = "pki: {directories: [pki, /abs/], files: [a.crt, '**/*.crt'], kubeconfigs: [./k.conf], password_file: p}\n"
    settings = assemble(parse_config(text.encode(), source="c.yml", base="/etc/x[1]"))
    assert settings.pki.directories == (
        Directory(path="/etc/x[1]/pki", explicit=True),
        Directory(path="/abs", explicit=True),
    )
    assert settings.pki.files == (
        FilePattern(pattern="/etc/x[1]/a.crt", wildcard=False),
        FilePattern(pattern="/etc/x[[]1]/**/*.crt", wildcard=True),
    )
    assert settings.pki.kubeconfigs == (Kubeconfig(path="/etc/x[1]/k.conf", optional=False),)
    assert settings.pki.password_file == "/etc/x[1]/p"  # noqa: S105 - a path


def test_a_path_may_hold_bytes_that_are_no_utf8() -> None:
    """They are written as surrogates, as Python's file system encoding has them."""
    assert os.fsencode(str(parse('pki: {password_file: "/a\\uDCFF"}')["pki.password_file"])) == b"/a\xff"


def test_a_number_in_quotes_is_a_name() -> None:
    """A directory may be called 5; only what YAML itself takes for a number has to be quoted."""
    settings = assemble(parse("pki: {directories: ['5'], files: [5.crt], ignore: ['yes', no.pem]}\n"))
    assert settings.pki.directories == (Directory(path="/etc/kubepki/5", explicit=True),)
    assert settings.pki.files == (FilePattern(pattern="/etc/kubepki/5.crt", wildcard=False),)
    assert settings.pki.ignore == ("/etc/kubepki/yes", "/etc/kubepki/no.pem")


def test_an_empty_list_switches_a_default_off() -> None:
    """No directory but the default kubeconfig."""
    settings = assemble(parse("pki: {directories: []}\n"))
    assert settings.pki.directories == ()
    assert settings.pki.kubeconfigs == Settings().pki.kubeconfigs


def test_references_are_https_or_ntp() -> None:
    """Which it is, the keys say; a name may be used once for each kind."""
    text = (
        "clock:\n  references:\n"
        "  - {name: a, url: 'https://a.example:8200/v1?x=y', ca_file: ca.pem}\n"
        "  - {name: b, url: 'https://[::1]/'}\n"
        "  - {name: a, host: ntp.example}\n"
        "  - {name: c, host: '::1', port: 1123}\n"
    )
    assert parse(text)["clock.references"] == (
        HttpsReference(name="a", url="https://a.example:8200/v1?x=y", ca_file="/etc/kubepki/ca.pem"),
        HttpsReference(name="b", url="https://[::1]/"),
        NtpReference(name="a", host="ntp.example"),
        NtpReference(name="c", host="::1", port=1123),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pki:\n  directory: [/a]\n", "c.yml:2: unknown key pki.directory; did you mean pki.directories?"),
        ("skan: {}\n", "c.yml:1: unknown key skan; did you mean scan?"),
        ("listen_addresses: []\n", "c.yml:1: unknown key listen_addresses; did you mean web.listen_addresses?"),
        ("apiVersion: v1\n", f"c.yml:1: unknown key apiVersion; known here: {', '.join(GROUPS)}"),
        ("log: {x: 1}\n", "c.yml:1: unknown key log.x; known here: level, format"),
        ("? 'a b'\n: 1\n", f"c.yml:1: unknown key (not a name); known here: {', '.join(GROUPS)}"),
        ("pki:\n  files: a.crt\n", "c.yml:2: pki.files: expected a list; write [GLOB] or lines of - GLOB"),
        ("pki:\n  files:\n", "c.yml:2: pki.files: expected a list; write [GLOB] or lines of - GLOB"),
        (
            "web:\n  listen_addresses: []\n",
            "c.yml:2: web.listen_addresses: expected at least one; the default is :10509",
        ),
        ("web: x\n", "c.yml:1: web: expected keys with values; see docs/configuration.md"),
        ("- a\n", "c.yml:1: expected keys with values; see docs/configuration.md"),
        ("scan:\n  interval: [30s]\n", "c.yml:2: scan.interval: expected one value, not a list or keys; "),
        ("scan:\n  interval: 30\n", "c.yml:2: scan.interval: expected a duration such as 500ms, 30s, 1m or 1h30m"),
        ("scan: {interval: 1h}\n", "c.yml:1: scan.interval: expected a duration from 100ms to 5m"),
        ("scan: {max_files: 0}\n", "c.yml:1: scan.max_files: expected a whole number from 1 to 1000000"),
        ("scan: {max_file_size: 1GiB}\n", "c.yml:1: scan.max_file_size: expected a size from 1B to 64MiB"),
        ("clock: {apiserver: yes}\n", "c.yml:1: clock.apiserver: expected one of true, false"),
        ("log: {level: loud}\n", "c.yml:1: log.level: expected one of debug, info, warn, error"),
        ("pki:\n  files:\n    - a\n    -\n", "c.yml:4: pki.files: expected a path"),
        (
            "pki: {password_file: ~/x}\n",
            "c.yml:1: pki.password_file: expected a path written in full: ~ is not expanded",
        ),
        ("pki:\n  directories: [5]\n", f"c.yml:2: pki.directories: {NO_NAME}"),
        ("pki:\n  files:\n    - a.crt\n    - yes\n", f"c.yml:4: pki.files: {NO_NAME}"),
        ("pki: {kubeconfigs: [1.5]}\n", f"c.yml:1: pki.kubeconfigs: {NO_NAME}"),
        ("pki: {ignore: [2021-09-01]}\n", f"c.yml:1: pki.ignore: {NO_NAME}"),
        ("pki: {password_file: 0755}\n", f"c.yml:1: pki.password_file: {NO_NAME}"),
        ("state: {directory: 1:30}\n", f"c.yml:1: state.directory: {NO_NAME}"),
        ("web: {config_file: false}\n", f"c.yml:1: web.config_file: {NO_NAME}"),
        ("clock: {references: [{name: 7, host: h}]}\n", f"c.yml:1: clock.references.name: {NO_NAME}"),
        ("clock: {references: [{name: a, url: 7}]}\n", "c.yml:1: clock.references.url: expected a URL"),
        ("web: {listen_addresses: [10509]}\n", "c.yml:1: web.listen_addresses: expected "),
        ("web: {max_requests: many}\n", "c.yml:1: web.max_requests: expected a whole number"),
        ("clock: {apiserver: 1}\n", "c.yml:1: clock.apiserver: expected one of true, false"),
        ("log: {level: 5}\n", "c.yml:1: log.level: expected one of "),
        ("pki: {presets: [nowhere]}\n", "c.yml:1: pki.presets: expected one of kubeadm, "),
        ("pki: {timezone: Mars}\n", "c.yml:1: pki.timezone: expected an IANA time zone"),
        ("web: {telemetry_path: metrics}\n", "c.yml:1: web.telemetry_path: expected a path such as /metrics"),
        ("web: {telemetry_path: /-/ready}\n", "c.yml:1: web.telemetry_path: expected a path such as /metrics"),
        ("clock: {references: {}}\n", "c.yml:1: clock.references: expected a list; "),
        ("clock: {references: [{name: a}]}\n", "c.yml:1: clock.references: expected name and url"),
        (
            "clock: {references: [{name: a, url: 'https://a', port: 1}]}\n",
            "c.yml:1: clock.references: expected name and",
        ),
        (
            "clock: {references: [{name: a, host: h}, {name: a, host: i}]}\n",
            "c.yml:1: clock.references: the name of an ",
        ),
        ("clock: {references: [{name: 'a b', host: h}]}\n", "c.yml:1: clock.references.name: expected a name"),
        ("clock: {references: [{name: a, host: h, port: 0}]}\n", "c.yml:1: clock.references.port: expected a whole"),
        ("clock: {references: [{name: a, hots: h}]}\n", "c.yml:1: unknown key clock.references.hots; did you mean "),
    ],
)
def test_a_mistake_is_told_with_its_line_and_key(text: str, message: str) -> None:
    """One line: where, which key, what was expected."""
    assert refusal(text).startswith(message)


@pytest.mark.parametrize(
    "url",
    [
        "http://a/",
        "https://",
        "https://u:p@a/",
        "https://a/#x",
        "https://a:0/",
        "https://a:65536/",
        "https://a/ b",
        "https://a/\u00e4",
        "ftp://a",
        "a",
    ],
)
def test_only_plain_https_urls_are_references(url: str) -> None:
    """No password ever stands in a URL that a log may show."""
    assert "clock.references.url: expected a URL" in refusal(f'clock: {{references: [{{name: a, url: "{url}"}}]}}\n')


@pytest.mark.parametrize("key", KEYS)
def test_no_message_repeats_a_value(key: str) -> None:
    """Whatever key a secret is given to, it is not printed."""
    group, _, name = key.partition(".")
    for value in ("~/s3cr3t", "[~/s3cr3t]", "{s3cr3t: 1, s3cr3t: 2}", "[{name: s3cr3t s3cr3t}]"):
        message = refusal(f"{group}: {{{name}: {value}}}\n")
        assert "s3cr3t" not in message or "duplicate key s3cr3t" in message


def test_the_file_is_read_from_the_disk(tmp_path: Path) -> None:
    """Relative paths start at its directory."""
    path = tmp_path / "c.yml"
    path.write_text("pki: {password_file: p}\n")
    chosen, places = read_config(str(path))
    assert chosen == {"pki.password_file": str(tmp_path / "p")}
    assert places == {"--pki.password-file": f"{path}:1: pki.password_file"}


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    """Absent, a directory, a pipe that nobody writes to: never an exception of the system, never a wait."""
    os.mkfifo(tmp_path / "pipe")
    for path, message in (
        (tmp_path / "absent", "cannot be read: No such file or directory"),
        (tmp_path, "cannot be read: Is a directory|not a regular file"),
        (tmp_path / "pipe", "not a regular file"),
    ):
        with pytest.raises(ConfigError, match=message):
            read_config(str(path))


def test_a_name_that_is_no_utf8_is_printable(tmp_path: Path) -> None:
    """The message can be written to any stream."""
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.yml")
    Path(path).write_text("x: 1\n")
    with pytest.raises(ConfigError) as caught:
        read_config(path)
    str(caught.value).encode()
    assert r"\xff.yml:1: unknown key x" in str(caught.value).replace("\\\\", "\\")
