"""What the beginnings of a host's certificates say about its clock. Pure.

One certificate from the future has a signer that was ahead. Where every CA is from the future, or nearly everything is,
or another clock has passed what this one has not reached for a day, it is this host that is behind.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from kubepki.judgement.phrases import moment
from kubepki.model import Snapshot, Standing, Usage

# No signer is ahead by so much; a cluster may be made in the same wrong night as its certificates.
_DAY = 86_400.0
# Of so many certificates, so large a share that does not come from one wrong night of renewals: their CAs are older.
_FEW = 3
_NEARLY_ALL = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """When what a host holds begins: the earliest of its CAs (None without any), and `begins`, all of it, ordered.

    `presented` is the part of `begins` that components present now.
    """

    authority: float | None = None
    begins: tuple[float, ...] = ()
    presented: tuple[float, ...] = ()


def signed(snapshot: Snapshot) -> Signed:
    """Return when the certificates of *snapshot* begin; of what is superseded, too, but not of others' CAs."""
    authorities: list[float] = []
    begins: list[float] = []
    presented: list[float] = []
    ca, now = Usage.CA, Standing.CURRENT
    for state in snapshot.paths:
        for each in state.certificates:
            if each.foreign:
                continue
            begin = each.not_before
            begins.append(begin)
            if state.standing is now and not each.superseded:
                (authorities if each.usage is ca else presented).append(begin)
    return Signed(
        authority=min(authorities, default=None), begins=tuple(sorted(begins)), presented=tuple(sorted(presented))
    )


def merged(parts: Iterable[Signed]) -> Signed:
    """Return what *parts* of one snapshot say together."""
    every = tuple(parts)
    return Signed(
        authority=min((each.authority for each in every if each.authority is not None), default=None),
        begins=tuple(sorted(chain.from_iterable(each.begins for each in every))),
        presented=tuple(sorted(chain.from_iterable(each.presented for each in every))),
    )


def by_signatures(found: Signed, host: float) -> tuple[float, str] | None:
    """Return the time that now cannot be before, and why, where so much begins later that the *host* is behind."""
    if found.authority is not None and found.authority - host > _DAY:
        return found.authority, f"every CA here was signed later, the first at {moment(found.authority)}"
    later = found.begins[bisect_right(found.begins, host + _DAY) :]
    if len(found.begins) >= _FEW and len(later) >= _NEARLY_ALL * len(found.begins):
        count = f"{len(later)} of {len(found.begins)}"
        return later[0], f"{count} certificates here begin later, the first at {moment(later[0])}"
    return None


def by_another_clock(found: Signed, host: float, others: Iterable[float]) -> tuple[float, str] | None:
    """Return the time that now cannot be before, and why, where one of *others* has passed what begins for a day.

    *others* are what the hardware clock and the API server's say. A lead of less than a day is that of a signer: now
    is no more than a day before the certificate begins.
    """
    latest = max(others, default=host)
    passed = bisect_right(found.presented, latest)
    if not passed or found.presented[passed - 1] <= host + _DAY:
        return None
    last = found.presented[passed - 1]
    return last - _DAY, f"a certificate here begins at {moment(last)}, and another clock has passed that"
