"""Times that now cannot be before, as this host's disk knows them: builds, and what synchronised clocks wrote.

A clock that says less came out of a dead battery. systemd-timesyncd touches its file whenever it is synchronised
(systemd-timesyncd.service(8)), chronyd writes its drift file then (`driftfile` in chrony.conf(5)); systemd itself sets
the clock of a host that boots before its own build to that time.
"""

import os
from collections.abc import Mapping

BUILT = "this program was built"
# The first of its month: this program was not there before.
_BUILT_AT = 1_793_491_200.0
WITNESSES = {
    "/usr/lib/clock-epoch": "systemd was built",
    "/usr/lib/systemd/systemd": "systemd was built",
    "/var/lib/systemd/timesync/clock": "systemd-timesyncd was synchronized",
    "/var/lib/private/systemd/timesync/clock": "systemd-timesyncd was synchronized",
    "/var/lib/chrony/drift": "chronyd was synchronized",
    "/var/lib/chrony/chrony.drift": "chronyd was synchronized",
}


def lower_bound(witnesses: Mapping[str, str] = WITNESSES) -> tuple[float, str]:
    """Return the latest of those times in Unix seconds and what happened then; *witnesses* says that of each file."""
    bounds = [(_BUILT_AT, BUILT)]
    for path, what in witnesses.items():
        try:
            bounds.append((os.stat(path).st_mtime, what))  # noqa: PTH116 - as everywhere in this room, paths are str
        except OSError:
            continue
    return max(bounds)
