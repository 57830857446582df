"""The time zone of the stamps in dated file names, by its IANA name."""

from datetime import UTC, tzinfo


def find_zone(name: str | None) -> tzinfo | None:
    """Return the zone *name*, None for the host's own. UTC needs no zone files.

    Raises ValueError where this host does not know the zone (Debian's package tzdata holds them).
    """
    if name is None:
        return None
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - seldom used, and costs a start some milliseconds

    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        msg = "expected an IANA time zone that this host knows, such as UTC or Europe/Berlin"
        raise ValueError(msg) from None
