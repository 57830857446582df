"""What the service's unit leaves to see: what lies elsewhere, or behind a mask, is hidden, and not missing.

The drop-in of the unit with its allow list says so in two variables, for from inside an empty directory looks like any
other.
"""

import os
import stat
from collections.abc import Iterable, Mapping

from kubepki.disk.mounts import mount_table
from kubepki.disk.real import real_path
from kubepki.model import Fault, Reason

# Of which a unit may have its own (systemd.exec(5), PrivateTmp=); the kernel's table of mounts shows whose it is.
TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - compared, never written to
_OF_A_UNIT = "/systemd-private-"
_MOUNT_POINT = 4
EMPTIED, VISIBLE = "KUBEPKI_EMPTIED", "KUBEPKI_VISIBLE"


def spelled(paths: Iterable[str]) -> str:
    """Return *paths* as the value of one of the variables: parted by colons, each percent-encoded."""
    from urllib.parse import quote_from_bytes  # noqa: PLC0415 - few processes need it

    return ":".join(quote_from_bytes(os.fsencode(path)) for path in paths)


def emptied_above(path: str, environ: Mapping[str, str]) -> str | None:
    """Return the emptied directory in which the absolute *path* is hidden, None where the unit lets it be seen."""
    if any(is_below(path, place) for place in _paths(environ.get(VISIBLE, ""))):
        return None
    return next((place for place in _paths(environ.get(EMPTIED, "")) if is_below(path, place)), None)


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
    if any(is_below(place, each) for each in TEMPORARY) and (own := own_temporary(place, os.fsdecode(mount_table()))):
        detail = f"the unit gives the service a {own} of its own; open it: BindReadOnlyPaths={place.rpartition('/')[0]}"
        return Fault(reason=Reason.HIDDEN, detail=detail)
    while place != "/":
        try:
            status = os.lstat(place)
        except OSError:
            place = place.rpartition("/")[0] or "/"
            continue
        return hidden_by(place) if is_mask(status) else None
    return None


def own_temporary(path: str, mounts: str) -> str | None:
    """Return the directory of temporary files above the absolute *path* that is a unit's own, by *mounts*, or None.

    *mounts* is proc_pid_mountinfo(5): its fourth field is what was mounted, its fifth where.
    """
    for line in mounts.split("\n"):
        fields = line.split(" ")
        mounted, where = fields[_MOUNT_POINT - 1 : _MOUNT_POINT + 1] if len(fields) > _MOUNT_POINT else ("", "")
        if where in TEMPORARY and _OF_A_UNIT in mounted and is_below(path, where):
            return where
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


def is_below(path: str, place: str) -> bool:
    """Return whether the absolute *path* is *place* or lies in it."""
    return path == place or path.startswith(f"{place}/")
