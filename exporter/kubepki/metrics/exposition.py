"""The registry as an answer to one scrape: format, selection of names, compression. Pure.

Rendering is prometheus-client's own. Only the negotiation is guarded: what a client writes into `Accept` must never
make a scrape fail.
"""

import gzip
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import choose_encoder, generate_latest

PLAIN_TEXT = "text/plain; version=0.0.4; charset=utf-8"
# The library repeats the client's version in the Content-Type: only versions that it really writes may pass.
_CONTENT_TYPE = re.compile(
    r"(text/plain; version=(0\.0\.4|1\.0\.0)|application/openmetrics-text; version=(0\.0\.1|1\.0\.0))"
    r"; charset=utf-8(; escaping=[a-z0-9-]+)?"
)
_GZIP_LEVEL = 1


class _Source(Protocol):
    """What the library renders: a registry, or the part of one that `name[]` selects."""

    def collect(self) -> Iterable[Metric]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposition:
    """One rendered scrape."""

    content_type: str
    body: bytes


def negotiate(accept: str) -> tuple[Callable[[_Source], bytes], str]:
    """Return the encoder and the content type for an Accept header; text 0.0.4 for one that makes no sense."""
    try:
        encoder, content_type = choose_encoder(" ".join(accept.split()))
    except Exception:  # noqa: BLE001 - the library raises several kinds for versions such as `version=x`
        return generate_latest, PLAIN_TEXT
    if _CONTENT_TYPE.fullmatch(content_type) is None:
        return generate_latest, PLAIN_TEXT
    return encoder, content_type


def render(registry: CollectorRegistry, accept: str = "", names: Sequence[str] = ()) -> Exposition:
    """Return the registry, or its time series with one of *names*, as the client accepts it.

    Whatever a collector raises goes through: it is a bug, and the scrape has to fail visibly.
    """
    encoder, content_type = negotiate(accept)
    source: _Source = registry.restricted_registry(names) if names else registry
    return Exposition(content_type=content_type, body=encoder(source))


def gzip_accepted(accept_encoding: str) -> bool:
    """Return whether an Accept-Encoding header allows gzip (RFC 9110, section 12.5.3); `q=0` forbids it."""
    weights: dict[str, float] = {}
    for element in accept_encoding.lower().split(","):
        coding, *parameters = (part.strip() for part in element.split(";"))
        weights[coding] = _weight(parameters)
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def compress(body: bytes) -> bytes:
    """Return *body* as gzip; the fastest level, for the scraper is near."""
    return gzip.compress(body, compresslevel=_GZIP_LEVEL, mtime=0)


def _weight(parameters: Iterable[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return float(value) if re.fullmatch(r"\s*[01](\.\d{0,3})?", value) else 0.0
    return 1.0
