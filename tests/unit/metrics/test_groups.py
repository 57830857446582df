"""A page of many paths: one that changes costs what is around it, and the text stays what it would be anew."""

import gzip
from dataclasses import replace

import pytest

from kubepki.metrics.collector import View
from kubepki.metrics.groups import groups_of
from kubepki.metrics.page import Page
from kubepki.metrics.page import gzip as gzip_of
from kubepki.metrics.text import Form
from kubepki.model import Certificate, Health, PathState, Reading, Snapshot, Standing, Usage

MANY = 3_000


def state(number: int, *, not_before: float = 1.7e9) -> PathState:
    """Return a path with one certificate."""
    certificate = Certificate(
        entry="0",
        usage=Usage.CLIENT,
        subject=f"CN={number}",
        issuer="CN=ca",
        serial=f"{number:X}",
        fingerprint_sha256=f"{number:064x}",
        not_before=not_before,
        not_after=not_before + 1e7,
    )
    return PathState(path=f"/p/{number:05}.pem", standing=Standing.CURRENT, certificates=(certificate,), key_match=True)


STATES = tuple(state(number) for number in range(MANY))
CHANGES = {
    "one changed": (*STATES[:1234], state(1234, not_before=1.8e9), *STATES[1235:]),
    "one gone": STATES[:777] + STATES[778:],
    "one new in the middle": (*STATES[:500], replace(STATES[500], path="/p/00499x.pem"), *STATES[500:]),
    "one new at the end": (*STATES, replace(STATES[0], path="/q")),
    "the first gone": STATES[1:],
    "all gone": (),
}


@pytest.mark.parametrize("paths", CHANGES.values(), ids=CHANGES)
def test_what_is_kept_changes_no_byte(paths: tuple[PathState, ...]) -> None:
    """After each change the page that follows another is the page that is made anew, plain and as gzip."""
    former = Page(Snapshot(paths=STATES))
    view = View(
        snapshot=Snapshot(paths=paths),
        reading=Reading(host_time=1.75e9),
        health=Health(version="1", python_version="3"),
    )
    for form in Form:
        gzip_of(former.fixed(form), b"")
        texts = set()
        for page in (Page(view.snapshot), Page(view.snapshot, former)):
            text = page.fixed(form).text + page.moving(view, form, ())
            assert gzip.decompress(gzip_of(page.fixed(form), page.moving(view, form, ()))) == text
            texts.add(text)
        assert len(texts) == 1


@pytest.mark.parametrize("change", ["one changed", "one gone", "one new in the middle", "the first gone"])
def test_what_is_far_from_a_change_is_kept(change: str) -> None:
    """All but a few groups and runs are the very ones of the former page: nothing of them is written again."""
    former = Page(Snapshot(paths=STATES))
    page = Page(Snapshot(paths=CHANGES[change]), former)
    assert len(former.groups) > 60
    assert len(set(page.groups) - set(former.groups)) <= 2
    assert len(former.runs) >= 3
    assert len(set(page.runs) - set(former.runs)) <= 2


def test_groups_hold_every_path_once() -> None:
    """In their order, whatever was known before."""
    groups = groups_of(STATES, groups_of(STATES[::3]))
    assert tuple(each for group in groups for each in group.states) == STATES
