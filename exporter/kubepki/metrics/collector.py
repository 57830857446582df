"""(Snapshot, Reading, Health) -> metric families.

Pure: what is gone from the snapshot is gone from the next scrape, because each collect builds fresh families.
`page` writes the same families as text, what depends on the snapshot alone once per snapshot.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client.metrics_core import Metric

from kubepki.judgement.belief import Belief, believe
from kubepki.judgement.fallbacks import repair_times, usable_fallbacks
from kubepki.judgement.witnesses import TOLERANCE_SECONDS
from kubepki.metrics import families
from kubepki.metrics.families import Family, Sample, Told
from kubepki.model import Certificate, Health, PathState, Reading, Snapshot, Standing
from kubepki.texts import path_label, safe_text


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All that one scrape tells; taken once, so that all its gauges agree."""

    snapshot: Snapshot
    reading: Reading
    health: Health


# NotBefore, its offset, NotAfter and the info.
_SERIES_OF_A_CERTIFICATE = 4


class Collector:
    """A prometheus-client collector over `view`, a callable that returns what to tell now."""

    def __init__(self, view: Callable[[], View]) -> None:
        self._view = view

    def describe(self) -> Iterable[Metric]:
        """Return all families without samples, so that `name[]` finds them and registration does not collect."""
        return [family.metric().library() for family in families.FAMILIES]

    def collect(self) -> Iterator[Metric]:
        """Return the families of this moment."""
        view = self._view()
        for told in (
            *snapshot_families(view.snapshot),
            *moment_families(view.snapshot, view.reading),
            *clock_families(view.reading),
            *health_families(view.health),
        ):
            yield told.library()


def snapshot_families(snapshot: Snapshot) -> Iterator[Told]:
    """Return the families that depend on the disk alone."""
    yield from path_families(snapshot)
    yield from total_families([totals_of(snapshot)], snapshot.ignored, departed=snapshot.departed)


def path_families(snapshot: Snapshot) -> Iterator[Told]:
    """Return the families that are told path by path, in the order of the paths."""
    yield families.NOT_BEFORE.metric(_certificates(snapshot, lambda certificate: certificate.not_before))
    yield families.NOT_AFTER.metric(_certificates(snapshot, lambda certificate: certificate.not_after))
    yield families.CERTIFICATE_INFO.metric(
        (
            (
                *labels,
                safe_text(certificate.subject),
                safe_text(certificate.issuer),
                certificate.serial,
                certificate.fingerprint_sha256,
            ),
            1.0,
        )
        for labels, certificate in _labelled(snapshot)
    )
    yield families.KEY_MATCH.metric(
        ((path_label(state.path), state.standing.value), float(state.key_match))
        for state in snapshot.paths
        if state.key_match is not None
    )
    yield families.SYMLINK_INFO.metric(
        ((path_label(state.path), path_label(state.link.target)), 1.0) for state in snapshot.paths if state.link
    )
    yield families.SYMLINK_TARGET_MTIME.metric(
        ((path_label(state.path),), state.link.target_mtime) for state in snapshot.paths if state.link
    )
    yield families.SYMLINK_TARGET_NAME_TIME.metric(
        ((path_label(state.path),), state.link.target_name_time)
        for state in snapshot.paths
        if state.link and state.link.target_name_time is not None
    )
    yield families.FAULT.metric(
        ((path_label(state.path), state.standing.value, reason.value), 1.0)
        for state in snapshot.paths
        for reason in sorted({fault.reason for fault in state.faults})
    )
    yield families.PATH_OK.metric(
        ((path_label(state.path), state.standing.value), float(not state.faults)) for state in snapshot.paths
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What some paths add to the totals of a snapshot."""

    watched: Mapping[Standing, int]
    omitted: int


def totals_of(snapshot: Snapshot) -> Totals:
    """Return what the paths of *snapshot* add to its totals."""
    watched = Counter(_standing(state, certificate) for state in snapshot.paths for certificate in state.certificates)
    return Totals(watched=watched, omitted=sum(state.omitted for state in snapshot.paths))


def total_families(parts: Sequence[Totals], ignored: int, *, departed: bool) -> Iterator[Told]:
    """Return the families that count over all paths; a host that has *departed* is to have no current certificate."""
    yield families.CERTIFICATES_WATCHED.metric(
        ((standing.value,), float(sum(part.watched.get(standing, 0) for part in parts)))
        for standing in sorted(Standing)
        if not (departed and standing is Standing.CURRENT)
    )
    yield families.IGNORED_FILES.metric([((), float(ignored))])
    omitted = sum(part.omitted for part in parts)
    yield families.OMITTED_SERIES.metric([((), float(omitted * _SERIES_OF_A_CERTIFICATE))])


def moment_families(snapshot: Snapshot, reading: Reading) -> Iterator[Told]:
    """Return the families that compare the disk with the clocks of this moment."""
    yield offset_family(snapshot, reading)
    yield from link_families(snapshot, reading, believe(snapshot, reading))


def offset_family(snapshot: Snapshot, reading: Reading) -> Told:
    """Return the one family of the moment that has a series for each certificate."""
    now = reading.host_time
    return families.NOT_BEFORE_OFFSET.metric(_certificates(snapshot, lambda certificate: certificate.not_before - now))


def link_families(snapshot: Snapshot, reading: Reading, belief: Belief) -> Iterator[Told]:
    """Return the families that compare links and their fallbacks with the clocks of this moment.

    *belief* is that of the whole host, of which *snapshot* may be a part.
    """
    now = reading.host_time
    links = [(path_label(state.path), state.link) for state in snapshot.paths if state.link]
    yield families.SYMLINK_TARGET_AGE.metric(((path,), now - link.target_mtime) for path, link in links)
    yield families.SYMLINK_TARGET_OFFSET.metric(
        ((path,), (link.target_mtime if link.target_name_time is None else link.target_name_time) - now)
        for path, link in links
    )
    # Whoever reads of it in a notification has a time: that of the notification.
    repair = repair_times(belief, reading).for_who_has_a_time
    fallbacks = [
        (path_label(state.path), usable_fallbacks(state, repair))
        for state in snapshot.paths
        if _may_have_fallbacks(state)
    ]
    yield families.FALLBACK_CERTIFICATES.metric(((path,), float(len(usable))) for path, usable in fallbacks)
    yield families.FALLBACK_INFO.metric(
        ((path, path_label(usable[0].path)), 1.0) for path, usable in fallbacks if usable
    )
    yield families.FALLBACK_NOT_BEFORE.metric(
        ((path,), usable[0].leaf.not_before) for path, usable in fallbacks if usable and usable[0].leaf
    )
    yield families.FALLBACK_NOT_AFTER.metric(
        ((path,), usable[0].leaf.not_after) for path, usable in fallbacks if usable and usable[0].leaf
    )


def clock_families(reading: Reading) -> Iterator[Told]:
    """Return the families of the clocks; a family without a value is absent, never 0."""
    yield families.HOST_TIME.metric([((), reading.host_time)])
    yield _optional(families.HOST_SYNCHRONIZED, reading.synchronized)
    yield _optional(families.HOST_LAST_SYNCHRONIZED, reading.last_synchronized)
    yield _optional(families.HOST_MAX_ERROR, reading.max_error)
    yield _optional(families.HOST_ESTIMATED_ERROR, reading.estimated_error)
    yield families.HOST_STEPS.metric([((), float(reading.steps))])
    yield _optional(families.HOST_LAST_STEP, reading.last_step)
    yield _optional(families.HOST_LAST_STEP_TIME, reading.last_step_time)
    yield _optional(families.HOST_RTC_OFFSET, reading.rtc_offset)
    yield families.REFERENCE_OFFSET.metric(
        ((reference.clock,), reference.offset) for reference in reading.references if reference.offset is not None
    )
    yield families.REFERENCE_LATEST.metric(
        ((reference.clock,), reference.latest)
        for reference in reading.references
        if reference.latest is not None and reference.spread > TOLERANCE_SECONDS
    )
    yield families.REFERENCE_UP.metric(((reference.clock,), float(reference.up)) for reference in reading.references)
    shown = [(each.clock, each.certificate) for each in reading.references if each.certificate is not None]
    yield families.REFERENCE_NOT_BEFORE.metric(((clock,), not_before) for clock, (not_before, _) in shown)
    yield families.REFERENCE_NOT_AFTER.metric(((clock,), not_after) for clock, (_, not_after) in shown)
    yield families.ROTATION_SYNCHRONIZED.metric(
        ((path_label(rotation.path),), float(rotation.clock_synchronized))
        for rotation in reading.rotations
        if rotation.clock_synchronized is not None
    )


def health_families(health: Health) -> Iterator[Told]:
    """Return the families about the service itself."""
    yield families.SYMLINK_CHANGES.metric(((path_label(path),), float(count)) for path, count in health.symlink_changes)
    yield families.LAST_SCAN_DURATION.metric([((), health.last_scan_duration)])
    yield families.LAST_SCAN_TIME.metric([((), health.last_scan_time)])
    yield families.SCAN_PATH.metric(((path_label(path),), seconds) for path, seconds in health.slow_paths)
    yield families.SCANS.metric([((), float(health.scans))])
    yield families.SCAN_FAILURES.metric([((), float(health.scan_failures))])
    yield families.WATCH_EVENTS.metric([((), float(health.watch_events))])
    yield families.WATCH_MISSED.metric([((), float(health.missed_changes))])
    yield families.WATCH_UP.metric(((path_label(path),), float(up)) for path, up in health.watch_up)
    yield families.RELOAD_SUCCESSFUL.metric([((), float(health.last_reload_successful))])
    yield families.RELOAD_SUCCESS_TIME.metric([((), health.last_reload_success_time)])
    yield families.BUILD_INFO.metric([((health.version, health.python_version), 1.0)])


def has_moments(state: PathState) -> bool:
    """Return whether `link_families` may tell of *state*."""
    return state.link is not None or _may_have_fallbacks(state)


def _may_have_fallbacks(state: PathState) -> bool:
    # Also where the link is missing or broken: that is when a fallback is wanted most.
    return state.path.endswith("-current.pem")


def _labelled(snapshot: Snapshot) -> Iterator[tuple[tuple[str, str, str, str], Certificate]]:
    for state in snapshot.paths:
        path = path_label(state.path)
        for certificate in state.certificates:
            standing = _standing(state, certificate).value
            yield (path, safe_text(certificate.entry), standing, certificate.usage.value), certificate


def _standing(state: PathState, certificate: Certificate) -> Standing:
    if certificate.foreign:
        return Standing.TRUST_STORE
    return Standing.SUPERSEDED if certificate.superseded else state.standing


def _certificates(snapshot: Snapshot, value: Callable[[Certificate], float]) -> Iterator[Sample]:
    for labels, certificate in _labelled(snapshot):
        yield labels, value(certificate)


def _optional(family: Family, value: float | None) -> Told:
    return family.metric([] if value is None else [((), float(value))])
