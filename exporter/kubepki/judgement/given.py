"""A time that a person gave, against what it cannot contradict: a mistyped day is seen before a link is changed. Pure.

Hours prove nothing: in a failed room a host may be synchronised with a server that is ahead, and the phone is right. A
day does, against a clock that the kernel vouches for or a time at which it did.
"""

from kubepki.judgement.phrases import duration, moment
from kubepki.judgement.signed import Signed
from kubepki.judgement.witnesses import HOST, TOLERANCE_SECONDS, lower_bound, lower_bounds, witnesses
from kubepki.model import Reading

_DAY = 86_400.0


def objection_to(given: float, found: Signed, own: Reading) -> str | None:
    """Return why now cannot be the *given* Unix time, as a clause, None where nothing says so.

    *own* is what the clocks of this host say, *found* when its certificates begin.
    """
    bounds = lower_bounds(found, own, given)
    host = next(each for each in witnesses(own, lower_bound(found, own)) if each.clock == HOST)
    off = given - host.says
    if host.strong and abs(off) > _DAY:
        side = "ahead of" if off > 0 else "before"
        return f"it is {duration(off)} {side} this host's clock, {host.why} ({moment(host.says)})"
    broken = [each for each in bounds if each.for_others is not None and given < each.for_others - TOLERANCE_SECONDS]
    return max(broken, key=lambda each: each.for_others or 0.0).why if broken else None
