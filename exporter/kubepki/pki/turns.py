"""Which file is looked at before which, for a scan may have no time for all. Pure."""

from collections.abc import Collection

from kubepki.pki import layout
from kubepki.pki.wanted import Wanted

Turn = tuple[bool, bool, bool, bool]


def turn(wanted: Wanted, waiting: Collection[str]) -> Turn:
    """Return the place of a file: what components present comes first, then what is expected, then what is *waiting*.

    What may cost much by its kind comes last.
    """
    path = wanted.path
    return (
        not path.endswith(layout.CURRENT),
        not wanted.expected,
        path not in waiting,
        layout.is_pkcs12_name(path),
    )
