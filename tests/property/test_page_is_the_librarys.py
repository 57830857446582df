"""The pages are byte for byte what prometheus-client writes of the same families."""

import gzip
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.openmetrics import exposition as openmetrics

from kubepki.metrics.collector import Collector, View
from kubepki.metrics.exposition import gzip_accepted, negotiate, render
from kubepki.metrics.page import Page
from kubepki.metrics.page import gzip as gzip_of
from kubepki.metrics.text import Form, Metrics, library_text, others_text
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
from kubepki.service.scrapes import Scrapes

# Whatever a file name or a subject may hold, the bytes of a name that are no UTF-8 included.
names = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from('\\"\n\r{}\udce9\udcff\x7f\u0085\u2028'), max_size=12
)
texts = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('\\"\n\r{}'), max_size=12)
numbers = (
    st.floats() | st.integers(-(2**40), 2**40).map(float) | st.sampled_from([1e6, 999_999.5, 1e16, 1e17, -1e6, -0.0])
)
paths = names.map(lambda name: f"/p/{name}") | names.map(lambda name: f"/p/{name}-current.pem")
maybe = st.none() | numbers
certificates = st.builds(
    Certificate,
    entry=texts,
    usage=st.sampled_from(Usage),
    subject=texts,
    issuer=texts,
    serial=texts,
    fingerprint_sha256=texts,
    not_before=numbers,
    not_after=numbers,
)
# The dates of a fallback are written as dates where it is refused.
leaves = st.builds(
    Certificate,
    entry=st.just("0"),
    usage=st.just(Usage.CLIENT),
    subject=texts,
    issuer=texts,
    serial=texts,
    fingerprint_sha256=texts,
    not_before=st.floats(0, 4e9),
    not_after=st.floats(0, 4e9),
)
candidates = st.builds(Candidate, path=paths, leaf=leaves, objections=st.lists(texts, max_size=1).map(tuple[str, ...]))
states = st.builds(
    PathState,
    path=paths,
    standing=st.sampled_from(Standing),
    certificates=st.lists(certificates, max_size=2).map(tuple),
    key_match=st.none() | st.booleans(),
    faults=st.lists(st.builds(Fault, reason=st.sampled_from(Reason)), max_size=2).map(tuple),
    link=st.none() | st.builds(Link, target=paths, target_mtime=numbers, target_name_time=maybe),
    candidates=st.lists(candidates, max_size=2).map(tuple),
)
snapshots = st.lists(states, max_size=6).map(lambda found: Snapshot(paths=tuple(found)))
references = st.builds(
    ReferenceReading,
    clock=texts,
    up=st.booleans(),
    offset=st.none() | st.floats(-1e9, 1e9),
    certificate=st.none() | st.tuples(numbers, numbers),
)
readings = st.builds(
    Reading,
    host_time=st.floats(0, 4e9) | st.sampled_from([float("inf"), float("nan")]),
    synchronized=st.none() | st.booleans(),
    max_error=maybe,
    last_step=maybe,
    steps=st.integers(0, 2**40),
    references=st.lists(references, max_size=2).map(tuple),
    rotations=st.lists(
        st.builds(Rotation, path=paths, target=paths, clock_synchronized=st.none() | st.booleans()), max_size=2
    ).map(tuple),
)
healths = st.builds(
    Health,
    version=texts,
    python_version=texts,
    scans=st.integers(0, 2**40),
    last_scan_duration=numbers,
    watch_up=st.lists(st.tuples(paths, st.booleans()), max_size=2).map(tuple),
    symlink_changes=st.lists(st.tuples(paths, st.integers(0, 2**40)), max_size=2).map(tuple),
)
views = st.builds(View, snapshot=snapshots, reading=readings, health=healths)


def by_the_library(view: View, form: Form, others: list[Metric]) -> bytes:
    metrics = [*Collector(lambda: view).collect(), *others]
    source = Metrics(metrics)
    return generate_latest(source) if form is Form.TEXT else bytes(openmetrics.generate_latest(source))  # type: ignore[no-untyped-call]


@given(before=snapshots, now=views, other=numbers)
@settings(max_examples=40, deadline=None)
def test_a_page_is_what_the_library_writes(before: Snapshot, now: View, other: float) -> None:
    """In both formats, for a first page and for one that follows another, plain and as gzip."""
    metric = GaugeMetricFamily("other", 'Another "collector"\\.\n')
    metric.add_metric([], other)
    former = Page(before)
    for form in Form:
        former.fixed(form)
        for page in (Page(now.snapshot), Page(now.snapshot, former), Page(now.snapshot, Page(now.snapshot))):
            fixed, moving = page.fixed(form), page.moving(now, form, [metric])
            assert fixed.text + moving == by_the_library(now, form, [metric])
            assert gzip.decompress(gzip_of(fixed, moving)) == fixed.text + moving


@st.composite
def others(draw: st.DrawFn) -> Metric:
    """Return a metric of any type as a collector may give it, odd ones included."""
    kind = draw(st.sampled_from(["counter", "gauge", "histogram", "gaugehistogram", "info", "summary", "unknown"]))
    metric = Metric("other", draw(texts), kind, draw(st.sampled_from(["", "seconds"])))
    for _ in range(draw(st.integers(0, 3))):
        suffix = draw(st.sampled_from(["", "_total", "_created", "_bucket", "_sum", "_count", "_gsum", "_info"]))
        labels = draw(st.dictionaries(st.sampled_from(["a", "b", "le"]), texts, max_size=2))
        metric.add_sample(f"{metric.name}{suffix}", labels, draw(numbers), draw(st.none() | st.integers(0, 9)))
    return metric


@given(st.lists(others(), max_size=2), st.lists(numbers, min_size=3, max_size=3))
@settings(max_examples=150, deadline=None)
def test_what_others_say_is_what_the_library_writes(metrics: list[Metric], values: list[float]) -> None:
    """At the first time and with other values, in both formats."""
    again = []
    for metric in metrics:
        other = Metric(metric.name, metric.documentation, metric.type, metric.unit)
        for sample, value in zip(metric.samples, values, strict=False):
            other.add_sample(sample.name, sample.labels, value)
        again.append(other)
    for form, told in itertools.product(Form, (metrics, again)):
        try:
            wanted = library_text(told, form).decode()
        except ValueError:
            continue
        assert others_text(told, form) == wanted


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "text/plain;version=0.0.4",
        "text/plain; version=1.0.0; escaping=allow-utf-8",
        "application/openmetrics-text;version=1.0.0",
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8,text/plain;version=0.0.4;q=0.5",
        "application/openmetrics-text;version=1.0.0;escaping=dots",
        "application/openmetrics-text;version=1.0.0;escaping=values",
        "application/openmetrics-text;version=0.0.1",
        "text/html",
    ],
)
@pytest.mark.parametrize("wanted", [(), ("kubepki_certificate_info",), ("kubepki_scans_total", "up")], ids=repr)
@given(view=views)
@settings(max_examples=2, deadline=None)
def test_whatever_a_client_accepts(accept: str, wanted: tuple[str, ...], view: View) -> None:
    """Formats, escaping of names and `name[]`: the answer is the registry's."""
    scrapes = Scrapes(lambda: view)
    ours = scrapes.render(accept, wanted)
    whole = render(scrapes.registry, accept, wanted)
    assert ours.content_type == whole.content_type == negotiate(accept).content_type
    assert of_the_contract(ours.body) == of_the_contract(whole.body)


def of_the_contract(body: bytes) -> list[bytes]:
    """Return the lines of *body* without those about the process, which differ from moment to moment."""
    process = (b"process_", b"python_", b"U__process__", b"U__python__")
    return [
        line
        for line in body.split(b"\n")
        if not line.removeprefix(b"# HELP ").removeprefix(b"# TYPE ").startswith(process)
    ]


@given(value=st.text(st.characters() | st.sampled_from("gzip;q=01., \t\x1c\x85\u0661"), max_size=20))
def test_no_accept_encoding_fails(value: str) -> None:
    """A weight is a weight or it is none; nothing is an error."""
    gzip_accepted(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("gzip;q=\x1c0.5", False),
        ("gzip;q=\u0661", False),
        ("gzip;q=0.5", True),
        ("gzip ; q=1.000", True),
        ("gzip;\tq=0", False),
        ("gzip;q=1.0000", False),
        ("\x1cgzip", False),
        ("deflate, gzip", True),
        ("*;q=0.1", True),
        ("identity", False),
    ],
)
def test_weights_are_http_weights(value: str, *, expected: bool) -> None:
    """RFC 9110, section 12.4.2: digits are ASCII, and white space is space and tab."""
    assert gzip_accepted(value) is expected
