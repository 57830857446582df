"""From the text of a flag or of a key to its value.

Rules of this module: pure; each function takes the text and the absolute directory that relative paths are taken
from, and raises ValueError with what was expected, never with the text.
"""

import re
from collections.abc import Callable
from enum import StrEnum

from kubepki.config import presets
from kubepki.config.addresses import LARGEST_PORT, split_listen_address
from kubepki.config.durations import format_duration, format_size, parse_duration, parse_size
from kubepki.config.paths import absolute, escape_glob, is_glob
from kubepki.config.time_zones import find_zone
from kubepki.settings import Directory, FilePattern, Kubeconfig

Parse = Callable[[str, str], object]

_TELEMETRY_PATH = re.compile(r"/[A-Za-z0-9._~/-]*")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_HOST = re.compile(r"[A-Za-z0-9._:%-]{1,253}")
_URL = re.compile(r"https://(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]{1,253})(?::(?P<port>[0-9]{1,5}))?(?:/[!-~]*)?")
_DIGITS = re.compile(r"[0-9]{1,18}")


def path(text: str, base: str) -> str:
    """Return an absolute path."""
    return absolute(text, base)


def directory(text: str, base: str) -> Directory:
    """Return a directory that the operator named."""
    return Directory(path=absolute(text, base), explicit=True)


def kubeconfig(text: str, base: str) -> Kubeconfig:
    """Return a kubeconfig that the operator named."""
    return Kubeconfig(path=absolute(text, base), optional=False)


def file_pattern(text: str, base: str) -> FilePattern:
    """Return a file or a glob; a wildcard in the name of *base* stands for itself."""
    if is_glob(text):
        return FilePattern(pattern=absolute(text, escape_glob(base)), wildcard=True)
    return FilePattern(pattern=absolute(text, base), wildcard=False)


def glob(text: str, base: str) -> str:
    """Return a path or a glob as a glob; a wildcard in the name of *base* stands for itself."""
    return absolute(text, escape_glob(base))


def ignored(text: str, base: str) -> str:
    """Return a path or a glob as a glob; one that begins with `**` is about the whole host."""
    return glob(f"/{text}" if text.startswith("**/") else text, base)


def preset(text: str, _base: str) -> str:
    """Return the name of a preset."""
    return _one_of(presets.NAMES)(text)


def time_zone(text: str, _base: str) -> str:
    """Return the name of a time zone that this host knows."""
    find_zone(text)
    return text


def listen_address(text: str, _base: str) -> str:
    """Return a listen address."""
    split_listen_address(text)
    return text


def telemetry_path(text: str, _base: str) -> str:
    """Return the path of the metrics in a URL."""
    if not _TELEMETRY_PATH.fullmatch(text) or text.startswith(("//", "/-/")):
        msg = "expected a path such as /metrics, of letters, digits and ._~-, not below /-/"
        raise ValueError(msg)
    return text


def boolean(text: str, _base: str) -> bool:
    """Return whether *text* is `true`; other spellings than `true` and `false` are refused."""
    return _one_of(("true", "false"))(text) == "true"


def reference_name(text: str, _base: str) -> str:
    """Return the name of a reference clock, which becomes a part of a label."""
    if not _NAME.fullmatch(text):
        msg = "expected a name of at most 63 letters, digits and ._-"
        raise ValueError(msg)
    return text


def https_url(text: str, _base: str) -> str:
    """Return an HTTPS URL without user, password and fragment."""
    match = _URL.fullmatch(text)
    if match is None or "#" in text or int(match["port"] or 443) not in range(1, LARGEST_PORT + 1):
        msg = "expected a URL such as https://time.example.org/, without user, password and fragment"
        raise ValueError(msg)
    return text


def host(text: str, _base: str) -> str:
    """Return the name or the address of a host."""
    if not _HOST.fullmatch(text):
        msg = "expected the name or the address of a host"
        raise ValueError(msg)
    return text


def integer(least: int, most: int) -> Parse:
    """Return the parser of a whole number in the given range."""

    def parse(text: str, _base: str) -> int:
        if not _DIGITS.fullmatch(text) or not least <= int(text) <= most:
            msg = f"expected a whole number from {least} to {most}"
            raise ValueError(msg)
        return int(text)

    return parse


def duration(least: float, most: float) -> Parse:
    """Return the parser of a duration in the given range of seconds; its value is in seconds."""

    def parse(text: str, _base: str) -> float:
        seconds = parse_duration(text)
        if not least <= seconds <= most:
            msg = f"expected a duration from {format_duration(least)} to {format_duration(most)}"
            raise ValueError(msg)
        return seconds

    return parse


def size(least: int, most: int) -> Parse:
    """Return the parser of a size in the given range of bytes."""

    def parse(text: str, _base: str) -> int:
        number = parse_size(text)
        if not least <= number <= most:
            msg = f"expected a size from {format_size(least)} to {format_size(most)}"
            raise ValueError(msg)
        return number

    return parse


def choice(choices: type[StrEnum]) -> Parse:
    """Return the parser of one of a closed list."""

    def parse(text: str, _base: str) -> StrEnum:
        return choices(_one_of(tuple(choices))(text))

    return parse


def nearest(name: str, names: tuple[str, ...]) -> str | None:
    """Return the one of *names* that *name* may be a slip of."""
    from difflib import get_close_matches  # noqa: PLC0415 - only an error needs it

    return next(iter(get_close_matches(name, names, n=1)), None)


def _one_of(names: tuple[str, ...]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in names:
            msg = f"expected one of {', '.join(names)}"
            raise ValueError(msg)
        return text

    return parse
