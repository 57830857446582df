"""Which times of a validity Go's cryptobyte takes (ReadASN1UTCTime, ReadASN1GeneralizedTime). Pure."""

import datetime as dt
import re
from functools import lru_cache

from kubepki.formats.go_der import Reader, refuse
from kubepki.formats.guard import Refusal, attempt

_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_ZONE = r"(?P<zone>Z|[+-]\d\d\d\d)"
_UTC_FORM = re.compile(rf"(?P<when>\d{{10}})(?P<seconds>\d\d)?{_ZONE}", re.ASCII)
_GENERALIZED_FORM = re.compile(rf"(?P<when>\d{{12}})(?P<seconds>\d\d){_ZONE}", re.ASCII)
_FOUR_YEARS = 1461 * 86_400.0
_PIVOT = "50"
_USUAL_LENGTH = 13


def read_time(times: Reader) -> float:
    """Return the next time in Unix seconds; raises Refused as Go would."""
    if times.peek(_UTC_TIME):
        content = times.read(_UTC_TIME, "x509: malformed UTCTime")
        if len(content) == _USUAL_LENGTH and (usual := usual_time(content)) is not None:
            return usual
        text = content.decode("latin-1")
        # RFC 5280, section 4.1.2.5.1.
        found = _seconds(_UTC_FORM.fullmatch(text), "19" if text[:2] >= _PIVOT else "20")
        return refuse("x509: malformed UTCTime") if found is None else found
    if times.peek(_GENERALIZED_TIME):
        text = times.read(_GENERALIZED_TIME, "x509: malformed GeneralizedTime").decode("latin-1")
        found = _seconds(_GENERALIZED_FORM.fullmatch(text), "")
        return refuse("x509: malformed GeneralizedTime") if found is None else found
    return refuse("x509: unsupported time format")


def usual_time(content: bytes) -> float | None:
    """Return the time that YYMMDDHHMMSSZ says, None where it says none: the form that RFC 5280 demands until 2049."""
    if content[12:] != b"Z" or not content[:12].isdigit():
        return None
    hour, minute, second = int(content[6:8]), int(content[8:10]), int(content[10:12])
    midnight = _midnight(content[:6])
    if midnight is None or hour > 23 or minute > 59 or second > 59:  # noqa: PLR2004
        return None
    return midnight + (hour * 60 + minute) * 60 + second


@lru_cache(maxsize=64)
def _midnight(day: bytes) -> float | None:
    return _seconds(_UTC_FORM.fullmatch(f"{day.decode('ascii')}000000Z"), "19" if day[:2] >= _PIVOT.encode() else "20")


def _seconds(form: re.Match[str] | None, century: str) -> float | None:
    if form is None:
        return None
    # A zone of nought is written as Z, or it is not what Go would have written.
    zone = form["zone"]
    if zone != "Z" and (zone[1:] == "0000" or zone[1:3] > "24" or zone[3:] > "59"):
        return None
    text = century + form["when"] + (form["seconds"] or "00")
    # Go's time package knows the year 0, which was a leap year as 4 was; datetime begins with 1.
    before_datetime = text.startswith("0000")
    if before_datetime:
        text = f"0004{text[4:]}"
    month, day, hour, minute, second = (int(text[at : at + 2]) for at in range(4, 14, 2))
    found = attempt(lambda: dt.datetime(int(text[:4]), month, day, hour, minute, second, tzinfo=dt.UTC).timestamp())
    if isinstance(found, Refusal):
        return None
    offset = 0 if zone == "Z" else int(f"{zone[0]}1") * (int(zone[1:3]) * 3600 + int(zone[3:]) * 60)
    return found - offset - (_FOUR_YEARS if before_datetime else 0.0)
