"""What the service's unit leaves to see, where it has an allow list: what lies elsewhere is hidden, and not missing.

The drop-in of the unit says so in two variables, for from inside an empty directory looks like any other.
"""

import os
from collections.abc import Iterable, Mapping

EMPTIED, VISIBLE = "KUBEPKI_EMPTIED", "KUBEPKI_VISIBLE"


def spelled(paths: Iterable[str]) -> str:
    """Return *paths* as the value of one of the variables: parted by colons, each percent-encoded."""
    from urllib.parse import quote_from_bytes  # noqa: PLC0415 - few processes need it

    return ":".join(quote_from_bytes(os.fsencode(path)) for path in paths)


def emptied_above(path: str, environ: Mapping[str, str]) -> str | None:
    """Return the emptied directory in which the absolute *path* is hidden, None where the unit lets it be seen."""
    if any(_below(path, place) for place in _paths(environ.get(VISIBLE, ""))):
        return None
    return next((place for place in _paths(environ.get(EMPTIED, "")) if _below(path, place)), None)


def _paths(text: str) -> list[str]:
    if not text:
        return []
    from urllib.parse import unquote_to_bytes  # noqa: PLC0415 - as above

    return [os.fsdecode(unquote_to_bytes(each)) for each in text.split(":") if each]


def _below(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/")
