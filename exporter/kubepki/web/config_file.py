"""The text of a web configuration file to checked values. Pure but for the certificates that it names."""

import os.path
from collections.abc import Sequence
from dataclasses import dataclass

from kubepki.config.strict_yaml import Entries, Entry, Items, Node, Text, parse_yaml, shown_key
from kubepki.settings import ConfigError
from kubepki.web.basic_auth import BasicAuth, Verifications
from kubepki.web.tls import TlsConfig

_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
# None: any value.
_HEADERS: dict[str, tuple[str, ...] | None] = {
    "Content-Security-Policy": None,
    "Strict-Transport-Security": None,
    "X-Content-Type-Options": ("nosniff",),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-XSS-Protection": None,
}
_TLS_KEYS = (
    "cert_file",
    "key_file",
    "client_ca_file",
    "client_auth_type",
    "client_allowed_sans",
    "min_version",
    "max_version",
    "cipher_suites",
    "prefer_server_cipher_suites",
    "curve_preferences",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebConfigFile:
    """What the file says. `tls` None means plain HTTP, `auth` None that everybody may scrape."""

    tls: TlsConfig | None
    http2: bool
    headers: tuple[tuple[str, str], ...]
    auth: BasicAuth | None


def parse_web_config(data: bytes, *, path: str, verifications: Verifications | None = None) -> WebConfigFile:
    """Return what *data*, read from the absolute *path*, says; relative paths in it start at its directory.

    *verifications* are what an earlier one of the same file has found out about passwords.
    ConfigError with the line otherwise.
    """
    top = _Section(parse_yaml(data, source=path), path, ("tls_server_config", "http_server_config", "basic_auth_users"))
    http = _Section(top.get("http_server_config"), path, ("http2", "headers"))
    users = _Section(top.get("basic_auth_users"), path)
    tls = top.get("tls_server_config")
    return WebConfigFile(
        tls=None if tls is None else _tls(_Section(tls, path, _TLS_KEYS), os.path.dirname(path)),  # noqa: PTH120 - str
        http2=http.boolean("http2", default=False),
        headers=_headers(_Section(http.get("headers"), path, tuple(_HEADERS))),
        auth=BasicAuth({user: users.text(user) for user in users.keys}, verifications) if users.keys else None,
    )


class _Section:
    """A mapping of the file whose keys are known; an absent or empty one has none."""

    def __init__(self, node: Node | None, path: str, known: Sequence[str] | None = None) -> None:
        self._path = path
        if node is None or (isinstance(node, Text) and node.null):
            node = Entries(entries=(), line=0)
        if not isinstance(node, Entries):
            raise self._refusal(node.line, "expected a mapping")
        if known is not None:
            for entry in node.entries:
                if entry.key not in known:
                    what = f"unknown key {shown_key(entry.key)}"
                    raise self._refusal(entry.line, what, hint=f"known are {', '.join(known)}")
        self._entries: dict[str, Entry] = {entry.key: entry for entry in node.entries}
        self.line = node.line

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(self._entries)

    def get(self, key: str) -> Node | None:
        entry = self._entries.get(key)
        if entry is None or (isinstance(entry.value, Text) and entry.value.null):
            return None
        return entry.value

    def text(self, key: str, default: str = "") -> str:
        node = self.get(key)
        if node is None:
            return default
        if not isinstance(node, Text):
            raise self.refusal(key, "expected a text")
        return node.text

    def boolean(self, key: str, *, default: bool) -> bool:
        text = self.text(key).lower()
        if text and text not in _BOOLEANS:
            raise self.refusal(key, "expected true or false")
        return _BOOLEANS.get(text, default)

    def texts(self, key: str) -> tuple[str, ...]:
        node = self.get(key)
        if node is None:
            return ()
        texts = tuple(item.text for item in node.items if isinstance(item, Text)) if isinstance(node, Items) else None
        if texts is None or not isinstance(node, Items) or len(texts) != len(node.items):
            raise self.refusal(key, "expected a list of texts")
        return texts

    def refusal(self, key: str, what: str, *, hint: str = "") -> ConfigError:
        entry = self._entries.get(key)
        return self._refusal(entry.line if entry else self.line, f"{key}: {what}", hint=hint)

    def _refusal(self, line: int, what: str, *, hint: str = "") -> ConfigError:
        return ConfigError(what, where=f"{self._path}:{line}", hint=hint)


def _tls(section: _Section, directory: str) -> TlsConfig:
    paths = {}
    for key in ("cert_file", "key_file", "client_ca_file"):
        text = section.text(key)
        if not text and key != "client_ca_file":
            raise section.refusal(key, "is needed in tls_server_config")
        paths[key] = os.path.join(directory, text) if text else ""  # noqa: PTH118 - str
    return TlsConfig(
        cert_file=paths["cert_file"],
        key_file=paths["key_file"],
        client_ca_file=paths["client_ca_file"],
        client_auth_type=section.text("client_auth_type") or "NoClientCert",
        client_allowed_sans=section.texts("client_allowed_sans"),
        min_version=section.text("min_version") or "TLS12",
        max_version=section.text("max_version") or "TLS13",
        cipher_suites=section.texts("cipher_suites"),
        prefer_server_cipher_suites=section.boolean("prefer_server_cipher_suites", default=True),
        curve_preferences=section.texts("curve_preferences"),
    )


def _headers(section: _Section) -> tuple[tuple[str, str], ...]:
    headers = []
    for name, allowed in _HEADERS.items():
        value = section.text(name)
        if not value:
            continue
        if allowed is not None and value not in allowed:
            raise section.refusal(name, "this value is not allowed", hint=f"use {' or '.join(allowed)}")
        if not (value.isascii() and value.isprintable()):
            raise section.refusal(name, "expected printable ASCII")
        headers.append((name, value))
    return tuple(headers)
