"""Times that now cannot be before, as this host's disk knows them: builds, and what synchronised clocks wrote.

A clock that says less came out of a dead battery. systemd itself sets the clock of a host that boots before its own
build to that time. systemd-timesyncd touches its file whenever it is synchronised (systemd-timesyncd.service(8)),
chronyd writes its drift file then (`driftfile` in chrony.conf(5)): by a clock that followed whatever the room's server
said, so that time may lie ahead once the room is corrected.
"""

import os
from collections.abc import Mapping

BUILT = "this program was built"
# The first of its month: this program was not there before.
_BUILT_AT = 1_793_491_200.0
BUILDS = {"/usr/lib/clock-epoch": "systemd was built", "/usr/lib/systemd/systemd": "systemd was built"}
DAEMONS = {
    "/var/lib/systemd/timesync/clock": "systemd-timesyncd was synchronized",
    "/var/lib/private/systemd/timesync/clock": "systemd-timesyncd was synchronized",
    "/var/lib/chrony/drift": "chronyd was synchronized",
    "/var/lib/chrony/chrony.drift": "chronyd was synchronized",
}


def lower_bound(builds: Mapping[str, str] = BUILDS) -> tuple[float, str]:
    """Return the latest build in Unix seconds, and what was built; *builds* says that of each file."""
    return max([(_BUILT_AT, BUILT), *_written(builds)])


def synchronized_then(daemons: Mapping[str, str] = DAEMONS) -> tuple[float, str] | None:
    """Return the latest time that a synchronised clock wrote, and who was it, None where none is known."""
    return max(_written(daemons), default=None)


def _written(files: Mapping[str, str]) -> list[tuple[float, str]]:
    found = []
    for path, what in files.items():
        try:
            found.append((os.stat(path).st_mtime, what))  # noqa: PTH116 - as everywhere in this room, paths are str
        except OSError:
            continue
    return found
