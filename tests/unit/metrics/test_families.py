"""The families of the contract are well formed."""

import re

import pytest

from kubepki.metrics import families
from kubepki.metrics.families import FAMILIES, Family

each_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)


@each_family
def test_a_family_follows_the_conventions(family: Family) -> None:
    """Our prefix, a help text that is a sentence, labels without those of the scrape configuration."""
    assert re.fullmatch(r"kubepki_[a-z0-9_]*[a-z0-9]", family.name)
    assert family.help.endswith(".")
    assert not {"node", "host", "cluster", "job", "instance"}.intersection(family.labels)
    assert len(set(family.labels)) == len(family.labels)


@each_family
def test_a_counter_is_one_by_its_name(family: Family) -> None:
    """`_total` makes a counter, everything else a gauge, and the samples keep the full name."""
    metric = family.metric([(tuple("x" for _ in family.labels), 1.0)]).library()
    assert metric.type == ("counter" if family.name.endswith("_total") else "gauge")
    assert [sample.name for sample in metric.samples] == [family.name]


def test_names_are_unique() -> None:
    """No family is told twice."""
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)


@pytest.mark.parametrize("values", [(), ("path",), ("path", "current", "empty", "more")])
def test_a_wrong_number_of_label_values_is_refused(values: tuple[str, ...]) -> None:
    """prometheus-client would cut them silently."""
    with pytest.raises(ValueError, match="takes the labels"):
        families.FAULT.metric([(values, 1.0)]).library()
