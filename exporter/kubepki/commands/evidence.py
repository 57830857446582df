"""What was seen of one path and of the clocks, as labelled lines for a person. Pure."""

from collections.abc import Iterator

from kubepki.commands.diagnosis import Look
from kubepki.judgement.comparisons import JUDGE, name_is_in_another_time_zone
from kubepki.judgement.phrases import duration, label_name, moment
from kubepki.judgement.witnesses import HOST, TOLERANCE_SECONDS, Trust, clock_name
from kubepki.model import Certificate, Link, PathState, ReferenceReading

_SAME = 1.0
Line = tuple[str, str]


def path_evidence(state: PathState, look: Look, entry: str | None) -> Iterator[Line]:
    """Yield the lines about *state*: the certificate *entry* (or its first), link, key, issuer, faults."""
    yield "Path", state.path
    certificate = next((each for each in state.certificates if each.entry == entry), None)
    certificate = certificate or (state.certificates[0] if state.certificates else None)
    if certificate is not None:
        yield "Certificate", f"{certificate.usage} {certificate.subject}, serial {certificate.serial}"
        yield "Not before", f"{moment(certificate.not_before)}, {_distance(certificate.not_before, look)}"
        yield "Not after", f"{moment(certificate.not_after)}, {_distance(certificate.not_after, look)}"
    if state.link is not None:
        yield "Link", f"→ {_target(state)}"
        yield from _stamps(state.link, look)
    if state.key_match is not None:
        yield "Key", "belongs to the certificate" if state.key_match else "does not belong to the certificate"
    if certificate is not None:
        yield "Issuer", f"{certificate.issuer}{_issued(state, look)}"
    for fault in state.faults:
        yield "Fault", f"{fault.reason}: {fault.detail}" if fault.detail else str(fault.reason)


def own_clock(look: Look) -> str:
    """Return what this host's clock says beside a given time: a wrong day is seen there. Empty where they agree."""
    off = look.kubelet_time - look.reading.host_time
    if abs(off) <= TOLERANCE_SECONDS:
        return ""
    return f"{moment(look.kubelet_time)}, {duration(off)} {'ahead of' if off > 0 else 'behind'} the given time"


def clock_evidence(look: Look, certificate: Certificate | None) -> Iterator[Line]:
    """Yield one line for each clock, with what it says of *certificate*."""
    reading = look.reading
    if look.assumed:
        asked = "of all clocks only the API server's was asked" if reading.references else "no clock was asked"
        doubt = f"; but it cannot be right: {look.objection}" if look.objection else ""
        yield "Clock", f"{moment(reading.host_time)}, as --at says; {asked}{doubt}"
        if own := own_clock(look):
            yield "Host clock", own
        for reference in reading.references:
            yield from _reference(reference, look, certificate)
        return
    known = {True: "synchronized", False: "not synchronized", None: "whether it is synchronized is not known"}
    error = f", error at most {reading.max_error:.2g} s" if reading.synchronized and reading.max_error else ""
    host = next((each for each in look.belief.clocks if each.clock == HOST), None)
    kept = f", but it {host.why.removeprefix('which ')}" if host is not None and host.trust is Trust.KEPT else ""
    yield "Host clock", f"{moment(reading.host_time)}, {known[reading.synchronized]}{kept}{error}"
    for reference in reading.references:
        yield from _reference(reference, look, certificate)
    if reading.rtc_offset is not None:
        yield "Hardware", _offset(reading.rtc_offset)
    if reading.last_step is not None:
        yield "Last step", f"{duration(reading.last_step)} {'forward' if reading.last_step > 0 else 'back'}"


def _reference(reference: ReferenceReading, look: Look, certificate: Certificate | None) -> Iterator[Line]:
    title = "API server" if reference.clock == JUDGE else reference.clock
    if reference.offset is None:
        yield title, "its clock could not be read"
        return
    other = "that time" if look.assumed else "the host"
    offsets = (reference.offset, reference.offset + reference.spread)
    several = reference.spread > TOLERANCE_SECONDS
    says = ""
    if certificate is not None:
        times = (look.reading.host_time + each for each in offsets)
        valid = all(certificate.not_before <= now <= certificate.not_after for now in times)
        whom = "each" if several else "it"
        says = f"; valid by {whom}" if valid else f"; not valid by {'one of them' if several else whom}"
    lost = "" if reference.up else "; the latest question was not answered"
    told = _offset(reference.offset, other)
    if several:
        told = f"several servers: the earliest {_offset(offsets[0], other)}, the latest {_offset(offsets[1], other)}"
    yield title, f"{told}{says}{lost}"
    if reference.certificate is not None:
        yield "", _shown(reference.certificate, look)


def _shown(certificate: tuple[float, float], look: Look) -> str:
    """Return what the certificate is that a server showed, and by which clocks it is not valid."""
    not_before, not_after = certificate
    shown = f"it shows a certificate valid until {moment(not_after)}"
    times = {clock_name(each): each.says for each in look.belief.clocks if each.trust is not Trust.HARDWARE}
    early = [name for name, now in times.items() if now < not_before]
    late = [name for name, now in times.items() if now > not_after]
    if early:
        shown += f", which begins at {moment(not_before)}: in the future by {', '.join(early)}"
    return shown + (f": expired by {', '.join(late)}" if late else "")


def _target(state: PathState) -> str:
    if state.link is None:
        return ""
    beside = state.link.target.rpartition("/")[0] == state.path.rpartition("/")[0]
    return label_name(state.link.target) if beside else state.link.target


def _stamps(link: Link, look: Look) -> Iterator[Line]:
    name_time, mtime = link.target_name_time, link.target_mtime
    if name_time is not None:
        note = ""
        if name_is_in_another_time_zone(link):
            note = "; it differs from the mtime by a time zone, which is no error"
        yield "Name stamp", f"{moment(name_time)}, {_distance(name_time, look)}{note}"
    yield "Modified", f"{moment(mtime)}, {_distance(mtime, look)}"


def _issued(state: PathState, look: Look) -> str:
    if look.issued is None:
        return " (no kubeconfig gives a CA to check it against)"
    issued = look.issued.get(state.path)
    if issued is None:
        return ""
    return f", {issued.by}" if issued.by else f", but {issued.objection}"


def _distance(moment: float, look: Look) -> str:
    """Return how far *moment* is from the believed time; where there is none, from what this host's clock says."""
    seconds = moment - look.now
    whose = "" if look.belief.now is not None else " by this host's clock"
    if abs(seconds) < _SAME:
        return f"now{whose}"
    return f"in {duration(seconds)}{whose}" if seconds > 0 else f"{duration(seconds)} ago{whose}"


def _offset(seconds: float, other: str = "the host") -> str:
    if abs(seconds) < _SAME:
        return f"agrees with {other}"
    return f"{duration(seconds)} {'ahead of' if seconds > 0 else 'behind'} {other}"
