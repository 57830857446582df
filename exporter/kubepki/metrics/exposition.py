"""One scrape: format, selection of names, compression. Pure.

What a client writes into `Accept` or `Accept-Encoding` must never make a scrape fail.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import choose_encoder, generate_latest

from kubepki.metrics.page import NOTHING, Fixed, gzip
from kubepki.metrics.text import Form

PLAIN_TEXT = "text/plain; version=0.0.4; charset=utf-8"
# The library repeats the client's version in the Content-Type: only versions that it really writes may pass.
_CONTENT_TYPE = re.compile(
    r"(text/plain; version=(0\.0\.4|1\.0\.0)|application/openmetrics-text; version=(0\.0\.1|1\.0\.0))"
    r"; charset=utf-8(?P<escaping>; escaping=[a-z0-9-]+)?"
)
# HTTP's white space and digits; Python's \s, \d and strip() know many more, and float() not the same ones.
_BLANKS = " \t"
_QUALITY = re.compile(r"[01](\.[0-9]{0,3})?")
# In these our names are written as they are; `dots` doubles underscores, and `values` marks the names of samples.
_PLAIN_NAMES = re.compile(r"(; escaping=(underscores|allow-utf-8))?")


class _Source(Protocol):
    """What the library renders: a registry, or the part of one that `name[]` selects."""

    def collect(self) -> Iterable[Metric]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposition:
    """One rendered scrape."""

    content_type: str
    moving: bytes
    fixed: Fixed = NOTHING

    @property
    def body(self) -> bytes:
        """The whole text."""
        return b"".join((*self.fixed.parts, self.moving))

    def gzip(self) -> bytes:
        """Return the text as gzip; the fastest level, for the scraper is near."""
        return gzip(self.fixed, self.moving)


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """What a client accepts: the library's encoder, and `form` where our own pages say the same."""

    encoder: Callable[[_Source], bytes]
    content_type: str
    form: Form | None


_DEFAULT = Format(encoder=generate_latest, content_type=PLAIN_TEXT, form=Form.TEXT)


def negotiate(accept: str) -> Format:
    """Return the format for an Accept header; text 0.0.4 for one that makes no sense."""
    try:
        encoder, content_type = choose_encoder(" ".join(accept.split()))
    except Exception:  # noqa: BLE001 - the library raises several kinds for versions such as `version=x`
        return _DEFAULT
    known = _CONTENT_TYPE.fullmatch(content_type)
    if known is None:
        return _DEFAULT
    form = None
    if _PLAIN_NAMES.fullmatch(known["escaping"] or ""):
        form = Form.TEXT if content_type.startswith("text/plain") else Form.OPENMETRICS
    return Format(encoder=encoder, content_type=content_type, form=form)


def render(registry: CollectorRegistry, accept: str = "", names: Sequence[str] = ()) -> Exposition:
    """Return the registry, or its time series with one of *names*, as the client accepts it.

    Whatever a collector raises goes through: it is a bug, and the scrape has to fail visibly.
    """
    chosen = negotiate(accept)
    source: _Source = registry.restricted_registry(names) if names else registry
    return Exposition(content_type=chosen.content_type, moving=chosen.encoder(source))


def gzip_accepted(accept_encoding: str) -> bool:
    """Return whether an Accept-Encoding header allows gzip (RFC 9110, section 12.5.3); `q=0` forbids it."""
    weights: dict[str, float] = {}
    for element in accept_encoding.lower().split(","):
        coding, *parameters = (part.strip(_BLANKS) for part in element.split(";"))
        weights[coding] = _weight(parameters)
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def _weight(parameters: Iterable[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip(_BLANKS) == "q":
            found = _QUALITY.fullmatch(value.strip(_BLANKS))
            return float(found[0]) if found else 0.0
    return 1.0
