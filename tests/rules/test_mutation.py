"""A few mutants of the rules, and that the machinery tells a mutant from the rules; `make mutate` runs all of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rules.mutation.__main__ import justified, shipped, suite
from tests.rules.mutation.expressions import mutations
from tests.rules.mutation.mutants import Mutant, mutants
from tests.rules.mutation.reach import differing, loadable

Find = Callable[[str], Path]
# One of each kind of change, over all groups of rules.
SAMPLE = (
    "KubePKICertificateFutureDated{severity=critical}: deleted",
    "KubePKICertificateNotYetValid{severity=critical}: and → unless",
    "KubePKIHostClockSkewed{severity=warning}: 120 → 132",
    "KubePKIScanStale{severity=warning}: for 120s → 60s",
    "KubePKIConfigReloadFailed{severity=warning}: severity warning → critical",
    "KubePKIPathBroken{severity=critical}: reason=~… without refused",
    'KubePKISeriesMissing{severity=warning}: finding="renamed": = → !=',
    "instance:kubepki_exporter_finding:last: 300 → 330",
    'instance_path:kubepki_path_trouble:max{trouble=faulty}: finding="fault": = → !=',
    "instance:kubepki_host_unseen:max: unless → and",
)


def test_each_kind_of_change_is_made() -> None:
    """An expression with everything in it is changed in each way, once."""
    changed = dict(
        mutations('max without (a, b) (last_over_time(x{l="v", m=~"p|q"}[10m]) > 300) unless ignoring (c) y')
    )
    assert changed.keys() == {
        "max → min",
        "without without a",
        "without without b",
        'without l="v"',
        'l="v": = → !=',
        'without m=~"p|q"',
        'm=~"p|q": =~ → !~',
        "m=~… without p",
        "m=~… without q",
        "[10m] → [300s]",
        "[10m] → [1200s]",
        "> → <",
        "> → >=",
        "300 → 270",
        "300 → 330",
        "unless → and",
        "ignoring without c",
    }
    assert changed["m=~… without p"].count('m=~"q"') == 1


def test_names_of_mutants_are_their_own() -> None:
    """So a sentence that justifies one justifies no other."""
    names = [mutant.name for mutant in mutants(shipped())]
    assert len(set(names)) == len(names)
    assert all(len(sentence) > len("equivalent") for sentence in justified().values())


def test_the_rules_themselves_are_no_mutant(program: Find, tmp_path: Path) -> None:
    """What the tests are cut down to passes with the rules as they are."""
    tests = suite()
    for rule in ("KubePKIConfigReloadFailed", "KubePKIKubeconfigDiverged", "instance:kubepki_host_unseen:max"):
        assert tests.relevant(rule)
        assert not tests.notices(program("promtool"), Mutant(name="", rule=rule, document=shipped()), tmp_path)


def test_who_differs_is_seen_without_a_test_of_it(program: Find) -> None:
    """In one timeline all mutants are compared with their rules; one that can never differ does not."""
    promtool, tests = program("promtool"), suite()
    (group,) = (each for each in tests.groups if each.test["name"] == "Whom nobody asked is no judge")
    rejected = "instance_path:kubepki_path_trouble:max{trouble=rejected}: "
    names = {f'{rejected}without clock="apiserver" #2', f"{rejected}unless → and", f"{rejected}max → min"}
    found = loadable(promtool, shipped(), [each for each in mutants(shipped()) if each.name in names])
    assert {each.name for each in found} == names
    assert differing(promtool, shipped(), group, found) == names - {f"{rejected}max → min"}


@pytest.mark.parametrize("name", SAMPLE)
def test_a_change_is_noticed(program: Find, tmp_path: Path, name: str) -> None:
    """No test passes that ought to fail."""
    (mutant,) = (each for each in mutants(shipped()) if each.name == name)
    assert suite().notices(program("promtool"), mutant, tmp_path)
