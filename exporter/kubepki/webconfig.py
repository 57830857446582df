"""Prometheus' web configuration file: TLS, headers and basic authentication.

The format is that of `--web.config.file` in Prometheus' exporter toolkit. The file and the certificates are read
again when they change; what cannot be used leaves the former in force.
"""

import os
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from kubepki.basicauth import BasicAuth
from kubepki.settings import ConfigError
from kubepki.tlsconfig import TlsConfig, make_context, peer_allowed, without_effect

_CHECK_SECONDS = 1.0
# None: any value.
_HEADERS: dict[str, tuple[str, ...] | None] = {
    "Content-Security-Policy": None,
    "Strict-Transport-Security": None,
    "X-Content-Type-Options": ("nosniff",),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-XSS-Protection": None,
}
_TLS_STRINGS = ("cert_file", "key_file", "client_ca_file", "client_auth_type", "min_version", "max_version")
_TLS_LISTS = ("client_allowed_sans", "cipher_suites", "curve_preferences")
_TLS_PATHS = ("cert_file", "key_file", "client_ca_file")
T = TypeVar("T")

Loader = Callable[[str], Mapping[str, object]]
"""Reads a YAML file strictly: a mapping, or ConfigError for what is unreadable, no YAML or has a duplicate key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    tls: TlsConfig | None
    context: ssl.SSLContext | None
    headers: tuple[tuple[str, str], ...]
    auth: BasicAuth | None
    notes: tuple[str, ...]


class WebConfig:
    """The web configuration in force. The constructor reads the file; ConfigError where it cannot be used.

    `report` takes one line for the log and its severity: True where something is wrong.
    """

    def __init__(self, path: str, *, load: Loader, report: Callable[[str, bool], None]) -> None:
        self._path = os.path.abspath(path)  # noqa: PTH100 - symbolic links stay, Path.resolve would follow them
        self._load = load
        self._report = report
        self._lock = threading.Lock()
        self._checked = time.monotonic()
        self._identity = _identity((self._path,))
        self._loaded = self._read()
        self._identity = self._identify()
        for note in self._loaded.notes:
            report(note, False)  # noqa: FBT003 - a severity, named in the docstring

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The headers that every response gets."""
        return self._loaded.headers

    def tls_context(self) -> ssl.SSLContext | None:
        """Return the context for a new connection, None for plain HTTP."""
        self.refresh()
        return self._loaded.context

    def peer_allowed(self, tls: ssl.SSLSocket) -> bool:
        """Return whether the client's certificate has a name that is allowed."""
        config = self._loaded.tls
        return config is None or peer_allowed(config, tls)

    def authorized(self, header: str | None) -> bool:
        """Return whether a request with this Authorization header may be answered."""
        self.refresh()
        auth = self._loaded.auth
        return auth is None or auth.authorized(header)

    def reload(self) -> None:
        """Read everything again; ConfigError where that cannot be used, the former stays in force."""
        with self._lock:
            identity = self._identify()
            self._loaded = self._read()
            self._identity = identity

    def refresh(self) -> None:
        """Read everything again where a file changed since, looking at most once a second; never raises ConfigError."""
        if time.monotonic() - self._checked < _CHECK_SECONDS or not self._lock.acquire(blocking=False):
            return
        try:
            self._checked = time.monotonic()
            identity = self._identify()
            if identity == self._identity:
                return
            self._identity = identity
            self._loaded = self._read()
            self._identity = self._identify()
        except ConfigError as error:
            self._report(f"the changed web configuration is refused, the former stays in force: {error}", True)  # noqa: FBT003 - as above
        else:
            self._report(f"the web configuration {self._path} was read again", False)  # noqa: FBT003 - as above
        finally:
            self._lock.release()

    def _identify(self) -> tuple[tuple[int, ...] | None, ...]:
        loaded = getattr(self, "_loaded", None)
        files = loaded.tls.files if loaded is not None and loaded.tls is not None else ()
        return _identity((self._path, *files))

    def _read(self) -> _Loaded:
        try:
            return parse(self._load(self._path), directory=os.path.dirname(self._path))  # noqa: PTH120 - str throughout
        except ConfigError as error:
            if error.where:
                raise
            raise ConfigError(error.what, where=self._path, hint=error.hint) from error


def parse(document: Mapping[str, object], *, directory: str) -> _Loaded:
    """Return the checked configuration with its certificates loaded; relative paths start at *directory*."""
    _known(document, ("tls_server_config", "http_server_config", "basic_auth_users"), "")
    tls_section = _section(document, "tls_server_config")
    http = _section(document, "http_server_config")
    users = _section(document, "basic_auth_users")
    _known(http, ("http2", "headers"), "http_server_config.")
    tls = _tls(tls_section, directory) if tls_section else None
    notes = without_effect(tls) if tls is not None else ()
    if _value(http, "http2", bool, False):  # noqa: FBT003 - the default
        notes += ("http2 has no effect: this exporter speaks HTTP/1.1",)
    return _Loaded(
        tls=tls,
        context=make_context(tls) if tls is not None else None,
        headers=_headers(_section(http, "headers")),
        auth=BasicAuth({user: _value(users, user, str, "") for user in users}) if users else None,
        notes=notes,
    )


def _tls(section: Mapping[str, object], directory: str) -> TlsConfig:
    _known(section, (*_TLS_STRINGS, *_TLS_LISTS, "prefer_server_cipher_suites"), "tls_server_config.")
    strings = {key: _value(section, key, str, "") for key in _TLS_STRINGS}
    for key in ("cert_file", "key_file"):
        if not strings[key]:
            what = f"tls_server_config needs {key}"
            raise ConfigError(what)
    paths = {key: os.path.join(directory, strings[key]) if strings[key] else "" for key in _TLS_PATHS}  # noqa: PTH118 - str throughout
    return TlsConfig(
        cert_file=paths["cert_file"],
        key_file=paths["key_file"],
        client_ca_file=paths["client_ca_file"],
        client_auth_type=strings["client_auth_type"] or "NoClientCert",
        min_version=strings["min_version"] or "TLS12",
        max_version=strings["max_version"] or "TLS13",
        client_allowed_sans=_strings(section, "client_allowed_sans"),
        cipher_suites=_strings(section, "cipher_suites"),
        curve_preferences=_strings(section, "curve_preferences"),
        prefer_server_cipher_suites=_value(section, "prefer_server_cipher_suites", bool, True),  # noqa: FBT003 - the default
    )


def _headers(section: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    _known(section, tuple(_HEADERS), "http_server_config.headers.")
    headers = []
    for name, allowed in _HEADERS.items():
        value = _value(section, name, str, "")
        if not value:
            continue
        if allowed is not None and value not in allowed:
            what = f"http_server_config.headers.{name}: {value!r} is not allowed"
            raise ConfigError(what, hint=f"use {' or '.join(allowed)}")
        if not (value.isascii() and value.isprintable()):
            what = f"http_server_config.headers.{name} must be printable ASCII"
            raise ConfigError(what)
        headers.append((name, value))
    return tuple(headers)


def _known(section: Mapping[str, object], keys: tuple[str, ...], prefix: str) -> None:
    for key in section:
        if key not in keys:
            what = f"unknown key {prefix}{key}"
            raise ConfigError(what, hint=f"known are {', '.join(keys)}")


def _section(parent: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = parent.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        what = f"{key} must be a mapping"
        raise ConfigError(what)
    return value


def _value(section: Mapping[str, object], key: str, kind: type[T], default: T) -> T:
    value = section.get(key)
    if value is None:
        return default
    if not isinstance(value, kind):
        what = f"{key} must be a {'boolean' if kind is bool else 'string'}"
        raise ConfigError(what)
    return value


def _strings(section: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = section.get(key)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        what = f"{key} must be a list of strings"
        raise ConfigError(what)
    return tuple(value)


def _identity(paths: tuple[str, ...]) -> tuple[tuple[int, ...] | None, ...]:
    return tuple(_file_identity(path) for path in paths)


def _file_identity(path: str) -> tuple[int, ...] | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - str throughout
    except OSError:
        return None
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
