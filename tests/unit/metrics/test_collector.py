"""What a scrape is made of: fresh families, one moment, nothing that is gone."""

from collections.abc import Sequence
from dataclasses import replace

from prometheus_client import CollectorRegistry, generate_latest

from kubepki.metrics.collector import Collector, View
from kubepki.metrics.families import FAMILIES
from kubepki.model import (
    Candidate,
    Certificate,
    Fault,
    Health,
    Link,
    PathState,
    Reading,
    Reason,
    ReferenceReading,
    Rotation,
    Snapshot,
    Standing,
    Usage,
)
from tests.support.running import Scrape, parse_scrape

CLOCK_NAMES = ("synchronized", "last_synchronized", "max_error", "estimated_error", "last_step", "rtc_offset")
HEALTH = Health(version="0", python_version="3")
LEAF = Certificate(
    entry="0",
    usage=Usage.CLIENT,
    subject="CN=a",
    issuer="CN=b",
    serial="01",
    fingerprint_sha256="00",
    not_before=1_000.0,
    not_after=5_000.0,
)
PATH = "/p/kubelet-client-current.pem"
LINK = Link(target="/p/kubelet-client-1.pem", target_mtime=1_100.0, target_name_time=None)
STATE = PathState(path=PATH, standing=Standing.CURRENT, certificates=(LEAF,), key_match=True, link=LINK)


def scrape(*states: PathState, reading: Reading | None = None, health: Health = HEALTH) -> Scrape:
    view = View(snapshot=Snapshot(paths=states), reading=reading or Reading(host_time=2_000.0), health=health)
    return scrapes([view])[0]


def scrapes(views: Sequence[View]) -> list[Scrape]:
    """Return a scrape of each view, from one collector."""
    iterator = iter(views)
    registry = CollectorRegistry()
    registry.register(Collector(lambda: next(iterator)))
    return [parse_scrape(generate_latest(registry).decode()) for _ in views]


def test_registration_does_not_collect() -> None:
    """`describe` tells all names without asking for a view."""
    collector = Collector(lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    registry = CollectorRegistry()
    registry.register(collector)
    assert len(list(collector.describe())) == len(FAMILIES)


def test_what_is_gone_is_gone_from_the_next_scrape() -> None:
    """A path that vanished leaves no series."""
    view = View(snapshot=Snapshot(paths=(STATE,)), reading=Reading(host_time=0.0), health=HEALTH)
    before, after = scrapes([view, replace(view, snapshot=Snapshot())])
    assert PATH in before.text
    assert PATH not in after.text


def test_the_same_snapshot_at_a_later_moment() -> None:
    """What stands keeps its value, what depends on now moves."""
    view = View(snapshot=Snapshot(paths=(STATE,)), reading=Reading(host_time=500.0), health=HEALTH)
    first, second = scrapes([view, replace(view, reading=Reading(host_time=2_000.0))])
    for each, offset, age in ((first, 500.0, -600.0), (second, -1_000.0, 900.0)):
        assert each.value("kubepki_certificate_not_before_timestamp_seconds") == 1_000.0
        assert each.value("kubepki_certificate_not_before_offset_seconds") == offset
        assert each.value("kubepki_symlink_target_age_seconds") == age
        assert each.value("kubepki_symlink_target_offset_seconds") == -age


def test_the_offset_of_a_target_is_that_of_its_name() -> None:
    """The stamp in the name comes before the mtime."""
    stamped = replace(STATE, link=replace(LINK, target_name_time=2_500.0))
    found = scrape(stamped)
    assert found.value("kubepki_symlink_target_offset_seconds", path=PATH) == 500.0
    assert found.value("kubepki_symlink_target_name_timestamp_seconds", path=PATH) == 2_500.0


def test_an_unknown_clock_is_absent() -> None:
    """None is no series, never 0; False is 0."""
    assert not [name for name, _, _ in scrape().samples if any(part in name for part in CLOCK_NAMES)]
    assert scrape(reading=Reading(host_time=0.0, synchronized=False)).value("kubepki_host_clock_synchronized") == 0


def test_a_reference_that_cannot_be_read_is_down_and_has_no_offset() -> None:
    """Its `up` is 0."""
    references = (
        ReferenceReading(clock="apiserver", up=False, offset=None),
        ReferenceReading(clock="ntp/a", up=True, offset=-1.5),
    )
    found = scrape(reading=Reading(host_time=0.0, references=references))
    assert found.value("kubepki_reference_clock_up", clock="apiserver") == 0
    assert found.find("kubepki_reference_clock_offset_seconds") == [({"clock": "ntp/a"}, -1.5)]


def test_a_rotation_of_which_nothing_is_known_is_absent() -> None:
    """Known ones are 0 or 1."""
    rotations = (
        Rotation(path="/a", target="/x", clock_synchronized=None),
        Rotation(path="/b", target="/y", clock_synchronized=False),
    )
    found = scrape(reading=Reading(host_time=0.0, rotations=rotations))
    assert found.find("kubepki_rotation_clock_synchronized") == [({"path": "/b"}, 0.0)]


def test_faults_make_a_path_not_ok() -> None:
    """Each reason is a series of its own."""
    faults = (Fault(reason=Reason.EMPTY), Fault(reason=Reason.NOT_SYMLINK))
    found = scrape(PathState(path=PATH, standing=Standing.CURRENT, faults=faults))
    assert found.reasons() == {"empty", "not_symlink"}
    assert found.value("kubepki_path_ok", path=PATH) == 0
    assert not found.find("kubepki_certificate_key_match")


def test_the_fallback_is_the_longest_valid_candidate_that_passes() -> None:
    """Objections and validity by each clock count; a link without one has 0 and no name."""
    better = replace(LEAF, not_after=9_000.0)
    candidates = (
        Candidate(path="/p/1", leaf=LEAF),
        Candidate(path="/p/2", leaf=better),
        Candidate(path="/p/3", leaf=better, objections=("no",)),
    )
    broken = PathState(
        path=PATH, standing=Standing.CURRENT, faults=(Fault(reason=Reason.MISSING),), candidates=candidates
    )
    found = scrape(broken)
    assert found.value("kubepki_fallback_certificates", path=PATH) == 2
    assert found.find("kubepki_fallback_info") == [({"path": PATH, "fallback": "/p/2"}, 1.0)]
    assert found.value("kubepki_fallback_not_before_timestamp_seconds", path=PATH) == better.not_before
    assert found.value("kubepki_fallback_not_after_timestamp_seconds", path=PATH) == 9_000.0
    late = scrape(broken, reading=Reading(host_time=10_000.0))
    assert late.value("kubepki_fallback_certificates", path=PATH) == 0
    assert not late.find("kubepki_fallback_info")


def test_a_name_that_is_no_utf_8_is_told_as_bytes() -> None:
    """A surrogate never reaches the exposition; a backslash is doubled."""
    found = scrape(PathState(path="/p/caf\udce9\\.pem", standing=Standing.CURRENT))
    assert found.find("kubepki_path_ok")[0][0]["path"] == "/p/caf\\xe9\\\\.pem"


def test_the_service_tells_of_itself() -> None:
    """Counters of the health, one series for each watched directory and link."""
    health = replace(HEALTH, scans=7, watch_up=(("/p", True), ("/q", False)), symlink_changes=((PATH, 3),))
    found = scrape(health=health)
    assert found.value("kubepki_scans_total") == 7
    assert found.value("kubepki_watch_up", path="/q") == 0
    assert found.value("kubepki_symlink_changes_total", path=PATH) == 3
    assert found.value("kubepki_exporter_build_info", version="0", python_version="3") == 1
