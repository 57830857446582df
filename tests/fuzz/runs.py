"""What is fuzzed: each parser of bytes from outside must return, or refuse with the error that is for it."""

import io
from contextlib import suppress

from kubepki.clocks.https import date_of, tls_context
from kubepki.clocks.net import UnreadableClockError
from kubepki.clocks.state_file import from_json
from kubepki.config.paths import covers
from kubepki.config.schema import parse_config
from kubepki.disk.mounts import mount_points
from kubepki.disk.own import may_hang
from kubepki.formats import der, jobs, wire
from kubepki.formats.components import Component
from kubepki.formats.go_certificate import go_reading
from kubepki.formats.kubeconfig import Kubeconfig
from kubepki.formats.parsed import Container, ParsedFile
from kubepki.formats.private_key import read_key
from kubepki.metrics.exposition import Exposition, gzip_accepted, negotiate
from kubepki.pki.frames import Question
from kubepki.rules.site_file import parse_site
from kubepki.settings import ConfigError
from kubepki.texts import MAX_LABEL, path_label, safe_text
from kubepki.web.basic_auth import BasicAuth
from kubepki.web.config_file import parse_web_config
from kubepki.web.request import RefusedError, read_request
from kubepki.web.site import Site, respond
from tests.fuzz.seeds import PASSWORD
from tests.support import costly

_HASH_LENGTH = 64
_AUTH = BasicAuth({"a": f"$2b$04${'.' * 53}"})
_BUGS: list[object] = []
_SITE = Site(
    exposition=lambda _accept, _names: Exposition(content_type="text/plain", moving=b""),
    ready=lambda: True,
    on_error=lambda *bug: _BUGS.append(bug),
    version="0",
)


def pem(data: bytes) -> None:
    """Read a file, and carry what it holds over to the service and back."""
    found = jobs.read_file(data, None, Container.PEM_OR_DER)
    # What crosses to the service must come back as it was.
    assert wire.load(ParsedFile, wire.dump(found)) == found


def certificate(data: bytes) -> None:
    """Read a DER certificate, alone and in a block of PEM: what Go takes we read, with the dates that Go reads."""
    if not data:
        return
    block = costly.pem("CERTIFICATE", data)
    pem(block)
    go = go_reading(data)
    found = jobs.read_file(block, None, Container.PEM_OR_DER).parsed
    assert found.certificates or found.faults
    if not isinstance(go, str):
        shown = found.certificates[0].certificate
        assert (shown.not_before, shown.not_after) == (go.not_before, go.not_after)


def key(data: bytes) -> None:
    """Read a DER private key; nothing of it comes back but a hash."""
    found = read_key(data)
    assert len(found.hash) in {0, _HASH_LENGTH}
    if not data:
        return
    for label in ("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"):
        held = jobs.read_file(costly.pem(label, data), None, Container.PEM_OR_DER)
        assert wire.load(ParsedFile, wire.dump(held)) == held
        assert all(len(each) == _HASH_LENGTH for each in held.parsed.keys)


def chain(data: bytes) -> None:
    """Ask whether a certificate comes from a CA, over what lies between."""
    with suppress(ValueError):
        first, *rest = [each.encoded for each in der.elements(data)]
        jobs.verify(first, rest[:-1], rest[-1:], server=False)


def ca(data: bytes) -> None:
    """Take the CA that a kubeconfig embeds."""
    with suppress(UnreadableClockError):
        tls_context(data)


def mounts(data: bytes) -> None:
    """Read the kernel's list of mounts, in which a user's mounts have names of the user's choice."""
    mount_points(data)
    may_hang(data)


def kubeconfig(data: bytes) -> None:
    """Read a kubeconfig, and carry it over."""
    found = jobs.read_kubeconfig(data)
    assert wire.load(Kubeconfig, wire.dump(found)) == found


def component(data: bytes) -> None:
    """Read a component's configuration, and carry it over."""
    found = jobs.read_component(data)
    assert wire.load(Component, wire.dump(found)) == found


def answers(data: bytes) -> None:
    """Take an answer of the parsing process, or a question to it."""
    for kind in (ParsedFile, Kubeconfig, Component, Question):
        with suppress(ValueError):
            wire.load(kind, data)


def request(data: bytes) -> None:
    """Take a request and answer it."""
    with suppress(RefusedError):
        asked = read_request(io.BytesIO(data).readline)
        if asked is not None:
            _AUTH.authorized(asked.fields.get("authorization"))
            respond(_SITE, asked)
    assert not _BUGS


def headers(data: bytes) -> None:
    """Negotiate."""
    text = data.decode("latin-1")
    negotiate(text)
    gzip_accepted(text)


def config(data: bytes) -> None:
    """Read a configuration."""
    with suppress(ConfigError):
        parse_config(data, source="fuzz", base="/")


def web_config(data: bytes) -> None:
    """Read a web configuration."""
    with suppress(ConfigError):
        parse_web_config(data, path="/fuzz")


def site(data: bytes) -> None:
    """Read a site's file."""
    with suppress(ConfigError):
        parse_site(data, source="fuzz")


def text(data: bytes) -> None:
    """Make a text safe for all that shows it."""
    for decoded in (data.decode("utf-8", "surrogateescape"), data.decode("utf-8", "replace")):
        assert safe_text(decoded).isprintable()
        assert len(path_label(decoded)) <= MAX_LABEL


def state(data: bytes) -> None:
    """Read the state file."""
    with suppress(ValueError, RecursionError):
        from_json(data)


def date(data: bytes) -> None:
    """Read the head of a clock's answer."""
    with suppress(UnreadableClockError):
        date_of(data)


def glob(data: bytes) -> None:
    """Ask whether a pattern covers a path."""
    pattern, _, path = data.decode("latin-1").partition("\0")
    # The longest path that the kernel takes (path_resolution(7)).
    covers(pattern[:4_096], path[:4_096])


def bundle(data: bytes) -> None:
    """Read a PKCS#12."""
    found = jobs.read_file(data, PASSWORD, Container.PKCS12)
    assert wire.load(ParsedFile, wire.dump(found)) == found
    jobs.read_file(data, None, Container.PKCS12)
