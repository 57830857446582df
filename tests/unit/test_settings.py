"""The settings tree and what its texts may be."""

from dataclasses import FrozenInstanceError, fields

import pytest

from kubepki.config.addresses import split_listen_address
from kubepki.config.assembly import assemble, restart_needed
from kubepki.config.options import GROUPS, OPTIONS, REFERENCES_KEY
from kubepki.config.paths import absolute, escape_glob, is_glob
from kubepki.config.time_zones import find_zone
from kubepki.settings import (
    ConfigError,
    Directory,
    HttpsReference,
    Kubeconfig,
    LogFormat,
    LogLevel,
    NtpReference,
    Settings,
)


def test_the_defaults_are_those_of_the_contract() -> None:
    """The kubelet's directory and kubeconfig, neither expected, and port 10509."""
    settings = Settings()
    assert settings.web.listen_addresses == (":10509",)
    assert settings.web.telemetry_path == "/metrics"
    assert settings.web.max_requests == 40
    assert settings.pki.directories == (Directory(path="/var/lib/kubelet/pki", explicit=False),)
    assert settings.pki.kubeconfigs == (Kubeconfig(path="/etc/kubernetes/kubelet.conf", optional=True),)
    assert settings.pki.files == ()
    assert settings.pki.presets == ("auto",)
    assert (settings.scan.interval, settings.scan.reread_interval) == (30.0, 600.0)
    assert (settings.scan.max_file_size, settings.scan.max_files) == (1_048_576, 20_000)
    assert settings.state.directory is None
    assert settings.clock.apiserver
    assert (settings.log.level, settings.log.format) == (LogLevel.INFO, LogFormat.LOGFMT)


def test_settings_cannot_be_changed() -> None:
    """One configuration is one value."""
    with pytest.raises(FrozenInstanceError):
        Settings().config_file = "x"  # type: ignore[misc]


def test_each_field_is_an_option_and_each_option_a_field() -> None:
    """The table of options and the tree of settings name the same things."""
    settings = Settings()
    tree = {f"{group}.{field.name}" for group in GROUPS for field in fields(getattr(settings, group))}
    assert tree == {option.key for option in OPTIONS} | {REFERENCES_KEY}
    assert {field.name for field in fields(settings)} == {*GROUPS, "config_file", "places"}


def test_the_defaults_that_are_shown_are_those_that_hold() -> None:
    """Where the shown default is a value, reading it gives the value of the settings."""
    settings = Settings()
    for option in OPTIONS:
        if option.group == "pki" or option.key in {"web.config_file", "state.directory"}:
            continue
        shown = option.parse(option.default, "/")
        held = getattr(getattr(settings, option.group), option.name)
        assert held == ((shown,) if option.repeated else shown), option.key


def test_an_error_is_one_line_that_says_where_and_what_to_do() -> None:
    """Bytes that are no UTF-8 and line breaks do not get out."""
    error = ConfigError("unknown key x", where="/a/\udcff.yml:3", hint="did you mean\ny?")
    assert str(error) == r"/a/\xff.yml:3: unknown key x; did you mean y?"
    assert str(ConfigError("bad")) == "bad"


def test_references_know_their_source() -> None:
    """The label `source` is made of the kind and the name."""
    assert HttpsReference(name="a", url="https://a/").source == "https/a"
    assert NtpReference(name="b", host="b").source == "ntp/b"


def test_nothing_to_look_at_is_an_error() -> None:
    """A service without any source would be silent for ever."""
    with pytest.raises(ConfigError, match="nothing to look at"):
        assemble({"pki.directories": (), "pki.kubeconfigs": ()})


def test_only_fixed_settings_ask_for_a_restart() -> None:
    """A new interval is taken over by a reload, a new address is not."""
    running = assemble({})
    wanted = assemble({"scan.interval": 1.0, "web.listen_addresses": (":1",), "state.directory": "/x"})
    assert restart_needed(running, running) == ()
    assert restart_needed(running, wanted) == ("web.listen_addresses", "state.directory")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (":10509", ("", 10509)),
        ("0.0.0.0:1", ("0.0.0.0", 1)),  # noqa: S104 - only read
        ("[::1]:0", ("::1", 0)),
        ("[fe80::1%eth0]:80", ("fe80::1%eth0", 80)),
        ("node30.example.org:65535", ("node30.example.org", 65535)),
    ],
)
def test_listen_addresses_are_split(text: str, address: tuple[str, int]) -> None:
    """Names, IPv4, IPv6 with a zone, and no host at all."""
    assert split_listen_address(text) == address


@pytest.mark.parametrize(
    "text", ["", "10509", "::1:80", "[::1]", "a:b", "a:", ":65536", "http://a:1", "a b:1", "a:1\n"]
)
def test_what_is_no_listen_address_is_refused(text: str) -> None:
    """A bare port and an IPv6 address without brackets are ambiguous."""
    with pytest.raises(ValueError, match="expected"):
        split_listen_address(text)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/a", "/a"),
        ("a", "/base/a"),
        ("./a//b/", "/base/a/b"),
        ("..", "/base/.."),
        ("/a/../b", "/a/../b"),
        ("//a", "/a"),
        ("/", "/"),
        ("a\udcff", "/base/a\udcff"),
        ("~x", "/base/~x"),
    ],
)
def test_paths_become_absolute_and_stay_unresolved(text: str, path: str) -> None:
    """A parent directory behind a link is not where the text says, so `..` stays."""
    assert absolute(text, "/base") == path


@pytest.mark.parametrize("text", ["", "a\0b", "\ud800", "~", "~/a"])
def test_what_is_no_path_is_refused(text: str) -> None:
    """A tilde is not expanded, and a NUL byte is in no name."""
    with pytest.raises(ValueError, match="expected a path"):
        absolute(text, "/base")


def test_wildcards_are_told_from_names() -> None:
    """An escaped glob finds itself alone."""
    assert is_glob("/a/*.crt")
    assert not is_glob("/a/b.crt")
    assert escape_glob("/a[1]/*?") == "/a[[]1]/[*][?]"


def test_time_zones_are_found_by_name() -> None:
    """UTC needs no zone files; what is no name is refused."""
    assert find_zone(None) is None
    assert str(find_zone("UTC")) == "UTC"
    for name in ("", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "Europe", "a\0b"):
        with pytest.raises(ValueError, match="IANA time zone"):
            find_zone(name)
