"""What the service's unit leaves to see: what lies elsewhere, or behind a mask, is hidden, and not missing.

The drop-in of the unit with its allow list says so in two variables, for from inside an empty directory looks like any
other.
"""

import os
import stat
from collections.abc import Iterable, Mapping

from kubepki.disk.real import real_path
from kubepki.model import Fault, Reason

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


def hidden(path: str) -> Fault | None:
    """Return the fault of a path that lies behind a mask of the service's unit, None where there is no mask.

    systemd hides a path by a mount of something empty that nobody may use: mode 000 (systemd.exec(5),
    InaccessiblePaths= and ProtectHome=). What lies behind it is not gone. Neither is what an allow list leaves out.
    """
    place = real_path(path)
    if (emptied := emptied_above(place, os.environ)) is not None:
        detail = (
            f"the unit shows the service only some of {emptied}; `kubepki-exporter unit-paths` writes what shows this"
        )
        return Fault(reason=Reason.HIDDEN, detail=detail)
    while place != "/":
        try:
            status = os.lstat(place)
        except OSError:
            place = place.rpartition("/")[0] or "/"
            continue
        return hidden_by(place) if is_mask(status) else None
    return None


def is_mask(status: os.stat_result) -> bool:
    """Return whether *status* is that of something empty that nobody may use."""
    return stat.S_IMODE(status.st_mode) == 0 and (stat.S_ISDIR(status.st_mode) or status.st_size == 0)


def hidden_by(place: str) -> Fault:
    """Return the fault of what lies behind the mask at *place*."""
    detail = f"it lies behind {place}, which the service may not see; open it to the unit: BindReadOnlyPaths={place}"
    return Fault(reason=Reason.HIDDEN, detail=detail)


def _paths(text: str) -> list[str]:
    if not text:
        return []
    from urllib.parse import unquote_to_bytes  # noqa: PLC0415 - as above

    return [os.fsdecode(unquote_to_bytes(each)) for each in text.split(":") if each]


def _below(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/")
