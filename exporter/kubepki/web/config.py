"""The web configuration in force: TLS, headers and basic authentication.

The format is that of `--web.config.file` in Prometheus' exporter toolkit. The file and the certificates are read
again when they change; what cannot be used leaves the former in force.
"""

import os
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from kubepki.config.strict_yaml import MAX_BYTES
from kubepki.disk.own import looks_elsewhere, own_identities, read_own
from kubepki.settings import ConfigError
from kubepki.web.basic_auth import Verifications
from kubepki.web.config_file import WebConfigFile, parse_web_config
from kubepki.web.peers import NOBODY, Peer
from kubepki.web.tls import make_context, peer_allowed, without_effect

_CHECK_SECONDS = 1.0
_CHECK_ELSEWHERE_SECONDS = 30.0
_Identity = tuple[tuple[int, ...] | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _InForce:
    file: WebConfigFile
    context: ssl.SSLContext | None
    identity: _Identity


class WebConfig:
    """The web configuration in force. The constructor reads it; ConfigError where it cannot be used.

    `report` takes one line for the log, and the ConfigError where the line tells of one. `check_seconds` is the
    shortest time between two looks at the files.
    """

    def __init__(
        self,
        path: str,
        *,
        report: Callable[[str, BaseException | None], None],
        check_seconds: float = _CHECK_SECONDS,
    ) -> None:
        self._path = os.path.abspath(path)  # noqa: PTH100 - symbolic links stay, Path.resolve would follow them
        self._report = report
        self._check_seconds = check_seconds
        self._lock = threading.Lock()
        self._checked = time.monotonic()
        self._refusal = ""
        self._verifications = Verifications()
        self._current = self._read()
        self._note()

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The headers that every response gets."""
        return self._current.file.headers

    def files(self) -> tuple[str, ...]:
        """Return the absolute paths of the file and of those that it names."""
        return _paths(self._path, self._current.file)

    def tls_context(self) -> ssl.SSLContext | None:
        """Return the context for a new connection, None for plain HTTP."""
        self.refresh()
        return self._current.context

    def peer_allowed(self, tls: ssl.SSLSocket) -> bool:
        """Return whether the client's certificate has a name that is allowed."""
        config = self._current.file.tls
        return config is None or peer_allowed(config, tls)

    def authorized(self, header: str | None, peer: Peer = NOBODY) -> bool | None:
        """Return whether a request with this Authorization header may be answered; None: too busy to tell."""
        self.refresh()
        auth = self._current.file.auth
        return True if auth is None else auth.authorized(header, peer)

    def reload(self) -> None:
        """Read everything again; ConfigError where that cannot be used, the former stays in force."""
        with self._lock:
            self._current = self._read()
            self._refusal = ""

    def refresh(self) -> None:
        """Read everything again where a file has changed. Never raises ConfigError, reports each once.

        Where a mount of this host's could hang, a thread of its own does so, and no request waits for it.
        """
        elsewhere = looks_elsewhere()
        pause = _CHECK_ELSEWHERE_SECONDS if elsewhere and self._check_seconds else self._check_seconds
        if time.monotonic() - self._checked < pause or not self._lock.acquire(blocking=False):
            return
        self._checked = time.monotonic()
        if elsewhere:
            threading.Thread(target=self._refresh_locked, name="web-configuration", daemon=True).start()
        else:
            self._refresh_locked()

    def _refresh_locked(self) -> None:
        try:
            current = self._current
            if own_identities(_paths(self._path, current.file)) == current.identity:
                return
            self._current = self._read()
            self._refusal = ""
        except ConfigError as error:
            if str(error) != self._refusal:
                self._refusal = str(error)
                self._report("the changed web configuration is refused, the former stays in force", error)
        else:
            self._report(f"the changed web configuration {self._path} is in force", None)
            self._note()
        finally:
            self._lock.release()

    def _read(self) -> _InForce:
        # Identities are taken before the contents, so that a change in between is seen at the next look.
        own = own_identities((self._path,))
        try:
            data = read_own(self._path, MAX_BYTES, hint="check --web.config.file")
            file = parse_web_config(data, path=self._path, verifications=self._verifications)
            identity = (*own, *own_identities(_paths(self._path, file)[1:]))
            context = make_context(file.tls) if file.tls is not None else None
        except ConfigError as error:
            if error.where:
                raise
            raise ConfigError(error.what, where=self._path, hint=error.hint) from error
        return _InForce(file=file, context=context, identity=identity)

    def _note(self) -> None:
        file = self._current.file
        if file.http2:
            self._report("http_server_config.http2 has no effect: this exporter speaks HTTP/1.1", None)
        for line in without_effect(file.tls) if file.tls is not None else ():
            self._report(line, None)


def _paths(own: str, file: WebConfigFile) -> tuple[str, ...]:
    return (own, *(() if file.tls is None else file.tls.files))
