"""What a claim is, and whether claims cover a text."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.rules.sentences.table import Host

Match = re.Match[str]
_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence."""

    pattern: str
    true: Callable[[Match, Host], bool]


def length(text: str) -> int:
    """Return the seconds of a duration as `humanizeDuration` writes it."""
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)([dhms])", text))


def unproved(claims: Iterable[Claim], text: str, host: Host) -> str:
    """Return the first part of *text* that no claim covers or that is not true; nothing where all of it is."""
    rest, every = text.strip(), tuple(claims)
    while rest:
        for claim in every:
            if match := re.match(claim.pattern, rest):
                if not claim.true(match, host):
                    return f"not true: {match[0]}"
                rest = rest[match.end() :].strip()
                break
        else:
            return f"nobody knows when this is true: {rest}"
    return ""
