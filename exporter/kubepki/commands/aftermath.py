"""What became of a link after the kubelet's restart: kept, renewed, or undone by a rotation to a bad file. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from kubepki.model import Certificate


class Outcome(StrEnum):
    """How the minute ended."""

    KEPT = "kept"
    RENEWED = "renewed"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """How it ended, after `seconds`; where the link leads to now, and the `leaf` there, None where none can be read."""

    outcome: Outcome
    seconds: float
    target: str | None = None
    leaf: Certificate | None = None
