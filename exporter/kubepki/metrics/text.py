"""One family as text, byte for byte as prometheus-client writes it. Pure.

A sample's line is the same in both formats; only the lines before the samples differ, and the library writes those.
"""

import sys
from collections.abc import Callable, Iterable
from enum import StrEnum
from functools import cache, lru_cache

from prometheus_client import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.utils import floatToGoString

from kubepki.metrics.families import Family, Told

_EOF = b"# EOF\n"
# From here on Go writes an exponent and Python does not.
_PLAIN_BELOW = 1e6
_PLAIN_FROM = -sys.float_info.max


class Form(StrEnum):
    """The two formats."""

    TEXT = "text"
    OPENMETRICS = "openmetrics"


class Metrics:
    """Metrics as the source that the library's encoders take."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        """Return the metrics."""
        return self._metrics


def library_text(metrics: Iterable[Metric], form: Form) -> bytes:
    """Return what prometheus-client writes of *metrics*, without the end of the document."""
    if form is Form.TEXT:
        return bytes(generate_latest(Metrics(metrics)))
    text: bytes = openmetrics.generate_latest(Metrics(metrics))  # type: ignore[no-untyped-call]
    return text.removesuffix(_EOF)


def others_text(metrics: Iterable[Metric], form: Form) -> str:
    """Return `library_text` of metrics that are the same at each scrape but for their values.

    All but the numbers is the library's from the first time; where that cannot be, it writes the metric each time.
    """
    return "".join([_other(metric, form) for metric in metrics])


def _other(metric: Metric, form: Form) -> str:
    samples = metric.samples
    described = (metric.name, metric.documentation, metric.type, metric.unit)
    shaped = _shaped(form, described, tuple([(each.name, tuple(each.labels.items())) for each in samples]))
    # What may follow a value: a timestamp, an exemplar, a native histogram.
    if shaped is None or any(more is not None for each in samples for more in each[3:]):
        return library_text([metric], form).decode()
    head, before = shaped
    return head + "".join([f"{start}{number(each.value)}\n" for start, each in zip(before, samples, strict=True)])


@lru_cache(maxsize=128)
def _shaped(
    form: Form, described: tuple[str, str, str, str], samples: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
) -> tuple[str, tuple[str, ...]] | None:
    """Return the lines before the samples of a metric, and what is before each value; None for another layout."""
    metric = Metric(*described)
    for position, (name, labels) in enumerate(samples):
        metric.add_sample(name, dict(labels), float(position))
    written = library_text([metric], form).decode().split("\n")[:-1]
    border = len(written) - len(samples)
    head, told = written[:border], written[border:]
    ends = [f" {number(float(position))}" for position in range(len(samples))]
    if not all(line.startswith("# ") for line in head) or not all(map(str.endswith, told, ends)):
        return None
    return "".join(f"{line}\n" for line in head), tuple(
        f"{line.removesuffix(value)} " for line, value in zip(told, ends, strict=True)
    )


def end(form: Form) -> bytes:
    """Return the end of a document."""
    return _EOF if form is Form.OPENMETRICS else b""


@cache
def header(family: Family, form: Form) -> str:
    """Return the lines before the samples of *family*."""
    return library_text([family.metric().library()], form).decode()


def lines(told: Told) -> str:
    """Return the lines of the samples; raise ValueError on a wrong arity."""
    start = line_start(told.family)
    return "".join([f"{start(values)}{number(value)}\n" for values, value in told.family.checked(told.samples)])


def starts(told: Told) -> list[tuple[str, float]]:
    """Return each sample as the part of its line before the value, and the value."""
    start = line_start(told.family)
    return [(start(values), value) for values, value in told.family.checked(told.samples)]


@cache
def line_start(family: Family) -> Callable[[tuple[str, ...]], str]:
    """Return the function from values of labels to the part of a line before the value: name, labels, a space."""
    if not family.labels:
        return lambda _values: f"{family.name} "
    order = sorted(range(len(family.labels)), key=lambda index: family.labels[index])
    pattern = ",".join(f'{family.labels[index]}="%s"' for index in order)
    template = f"{family.name}{{{pattern}}} "

    def start(values: tuple[str, ...]) -> str:
        return template % tuple([_escaped(values[index]) for index in order])

    return start


def number(value: float) -> str:
    """Return *value* as the formats write a number."""
    if _PLAIN_FROM <= value < _PLAIN_BELOW:
        return repr(float(value))
    return _go(value)


def _go(value: float) -> str:
    return str(floatToGoString(value))  # type: ignore[no-untyped-call]


def _escaped(text: str) -> str:
    if "\\" in text or "\n" in text or '"' in text:
        return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
    return text


def moved(pairs: Iterable[tuple[str, float]], by: float) -> str:
    """Return the lines of *pairs* (see `starts`), each value less *by*."""
    low, high = _PLAIN_FROM, _PLAIN_BELOW
    return "".join(
        [f"{start}{repr(moved) if low <= (moved := value - by) < high else _go(moved)}\n" for start, value in pairs]
    )
