"""Basic authentication against bcrypt hashes, as Prometheus' web configuration has it.

A verification costs about 70 ms on purpose, so that a successful one is remembered by a keyed hash, and failing ones
take turns: an attacker occupies one core at most and never an authenticated scraper.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import threading
from collections.abc import Mapping

from kubepki.settings import ConfigError

_HASH = re.compile(r"\$2[aby]\$(?P<cost>0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}")
_MAX_REMEMBERED = 128
_MAX_PASSWORD_BYTES = 72  # bcrypt reads no more; newer libraries raise beyond
_MAX_WAITING = 8


class BasicAuth:
    """Verifies Authorization headers against *users*, a user's name to its bcrypt hash."""

    def __init__(self, users: Mapping[str, str]) -> None:
        costs = [_cost(user, hashed) for user, hashed in users.items()]
        try:
            import bcrypt  # noqa: PLC0415 - optional, and 1 MB that most hosts do not need
        except ImportError as error:
            what = "basic_auth_users needs the Python package bcrypt, which is not installed"
            raise ConfigError(what, hint="install python3-bcrypt, or kubepki-exporter[auth] with pip") from error
        self._check = bcrypt.checkpw
        self._users = {user.encode(): hashed.encode() for user, hashed in users.items()}
        # An unknown user costs the same time as a known one, or the time would tell which names exist.
        self._decoy = f"$2b${max(costs):02d}${'.' * 53}".encode()
        self._secret = secrets.token_bytes(32)
        self._remembered: set[bytes] = set()
        self._turn = threading.Lock()
        self._queue = threading.BoundedSemaphore(_MAX_WAITING)

    def authorized(self, header: str | None) -> bool | None:
        """Return whether *header*, the value of Authorization, holds a user and the user's password.

        None where too many unknown ones wait for their turn.
        """
        credentials = _credentials(header)
        if credentials is None:
            return False
        user, password = credentials
        hashed = self._users.get(user)
        mark = hmac.digest(self._secret, b"%d:%b%b" % (len(user), user, password), hashlib.sha256)
        if mark in self._remembered:
            return True
        if not self._queue.acquire(blocking=False):
            return None
        try:
            with self._turn:
                matches = self._check(password[:_MAX_PASSWORD_BYTES], hashed or self._decoy)
        except ValueError:  # a NUL byte, which no password that was hashed holds
            return False
        finally:
            self._queue.release()
        if not matches or hashed is None:
            return False
        if len(self._remembered) >= _MAX_REMEMBERED:
            self._remembered.clear()
        self._remembered.add(mark)
        return True


def _cost(user: str, hashed: str) -> int:
    match = _HASH.fullmatch(hashed)
    if match is None:
        what = f"basic_auth_users: the value of {user!r} is not a bcrypt hash"
        raise ConfigError(what, hint="make one with: htpasswd -nBC 10 USER")
    return int(match["cost"])


def _credentials(header: str | None) -> tuple[bytes, bytes] | None:
    scheme, _, value = (header or "").strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(value.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return (user, password) if colon else None
