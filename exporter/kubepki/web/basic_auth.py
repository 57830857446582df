"""Basic authentication against bcrypt hashes, as Prometheus' web configuration has it.

A verification costs about 70 ms on purpose. A successful one is remembered by a keyed hash, and the others take turns,
address by address: an attacker occupies one core at most, never an authenticated scraper, and never another's turn.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping

from kubepki.settings import ConfigError
from kubepki.web.peers import NOBODY, Peer
from kubepki.web.turns import Turns

_HASH = re.compile(r"\$2[aby]\$(?P<cost>0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}")
_MAX_REMEMBERED = 128
_MAX_PASSWORD_BYTES = 72  # bcrypt reads no more; newer libraries raise beyond


class Verifications:
    """What outlives a reload: the passwords that were verified, each with its hash, and the line of those that wait.

    A user whose hash is another one is no longer known; one that is unchanged need not be verified again.
    """

    def __init__(self) -> None:
        self.turns = Turns()
        self._secret = secrets.token_bytes(32)
        self._marks: set[bytes] = set()

    def mark(self, user: bytes, password: bytes, hashed: bytes) -> bytes:
        """Return what is remembered of this verification: nothing that tells the password."""
        told = b"%d:%b%d:%b%b" % (len(user), user, len(hashed), hashed, password)
        return hmac.digest(self._secret, told, hashlib.sha256)

    def __contains__(self, mark: bytes) -> bool:
        return mark in self._marks

    def remember(self, mark: bytes) -> None:
        """Remember a successful verification."""
        if len(self._marks) >= _MAX_REMEMBERED:
            self._marks.clear()
        self._marks.add(mark)


class BasicAuth:
    """Verifies Authorization headers against *users*, a user's name to its bcrypt hash."""

    def __init__(self, users: Mapping[str, str], verifications: Verifications | None = None) -> None:
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
        self._verifications = verifications or Verifications()

    def authorized(self, header: str | None, peer: Peer = NOBODY) -> bool | None:
        """Return whether *header*, the value of Authorization, holds a user and the user's password.

        None where too many unknown ones of *peer* wait for their turn.
        """
        credentials = _credentials(header)
        if credentials is None:
            return False
        user, password = credentials
        hashed = self._users.get(user)
        mark = self._verifications.mark(user, password, hashed or self._decoy)
        if mark in self._verifications:
            return True
        with self._verifications.turns.turn(peer.share) as mine:
            if not mine:
                return None
            try:
                matches = self._check(password[:_MAX_PASSWORD_BYTES], hashed or self._decoy)
            except ValueError:  # a NUL byte, which no password that was hashed holds
                return False
        if not matches or hashed is None:
            return False
        self._verifications.remember(mark)
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
