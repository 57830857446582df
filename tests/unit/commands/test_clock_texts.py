"""What a person reads in the corners of the table of clocks, against golden files; UPDATE_GOLDEN=1 writes them."""

import os
from pathlib import Path

import pytest

from kubepki.commands.hands import Hands
from kubepki.commands.plan import Plan, Refusal, choose_link, make_plan
from kubepki.commands.report import report
from kubepki.commands.rollback_report import plan_text, refusal_text
from kubepki.commands.terminal import Style
from tests.support.clock_table import LINK, Clocks, Night

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "clocks"


def night(  # noqa: PLR0913, PLR0917 - the axes
    api_server: str,
    node: str,
    synchronized: str,
    current: str,
    outside: str = "none",
    hardware: str = "none",
    fallbacks: str = "good",
    second: str = "none",
) -> Night:
    clocks = Clocks(
        api_server=api_server,
        node=node,
        synchronized=synchronized,
        outside=outside,
        hardware=hardware,
        second=second,
    )
    return Night(clocks=clocks, current=current, fallbacks=fallbacks)


CORNERS = {
    # Whoever is believed says that the certificate is future-dated.
    "host_corrected_api_server_ahead": night("ahead", "right", "yes", "future"),
    "host_corrected_lately_synchronized": night("ahead", "right", "lost", "future"),
    "room_ahead_one_clock_outside": night("ahead", "ahead", "no", "future", outside="right"),
    "room_ahead_api_server_unread": night("unreadable", "ahead", "no", "future", outside="right"),
    "all_corrected": night("right", "right", "yes", "future"),
    # The judge alone is wrong.
    "api_server_ahead_certificate_good": night("ahead", "right", "yes", "old"),
    "api_server_behind_certificate_fresh": night("behind", "right", "yes", "fresh"),
    "api_server_ahead_certificate_ending": night("ahead", "right", "yes", "ending"),
    "api_server_behind_certificate_just_expired": night("behind", "right", "yes", "just_expired"),
    # The host alone is wrong.
    "host_behind_clock_outside": night("right", "behind", "no", "fresh", outside="right"),
    "host_ahead_certificate_ending": night("right", "ahead", "no", "ending", outside="right"),
    "host_in_1970_api_server_right": night("right", "1970", "no", "old"),
    "host_behind_certificate_future": night("right", "behind", "no", "future", outside="right"),
    "host_in_1970_certificate_future": night("right", "1970", "no", "future", outside="right"),
    # One of several API servers is wrong.
    "one_api_server_ahead_certificate_ending": night("right+ahead", "right", "yes", "ending"),
    "one_api_server_behind_certificate_fresh": night("behind+right", "right", "yes", "fresh"),
    "api_servers_apart_host_unsynchronized": night("right+ahead", "right", "no", "future"),
    # Nobody can tell.
    "clocks_outside_contradict_each_other": night("none", "right", "no", "future", outside="ahead", second="right"),
    "host_in_1970_alone": night("none", "1970", "no", "old", fallbacks="traps"),
    "host_in_1970_alone_expired": night("none", "1970", "no", "expired", fallbacks="traps"),
    "host_against_api_server_that_accepts": night("ahead", "right", "no", "future"),
    "host_against_api_server_that_rejects": night("right", "ahead", "no", "future"),
    "host_against_api_server_ending": night("right", "ahead", "no", "ending"),
    "host_alone_future": night("unreadable", "right", "no", "future"),
    "host_alone_expired": night("none", "ahead", "unknown", "expired"),
    # Believed, but not surely.
    "host_and_api_server_agree_unsynchronized": night("right", "right", "no", "future"),
    "host_and_api_server_agree_only_thin_files": night("right", "right", "no", "future", fallbacks="traps"),
    # After the repair.
    "hardware_clock_ahead_no_synchronization": night("right", "right", "no", "old", outside="right", hardware="wrong"),
    "hardware_clock_against_unsynchronized_host": night("right", "right", "no", "old", hardware="wrong"),
}


@pytest.mark.parametrize("name", CORNERS)
def test_texts(name: str) -> None:
    """`check` and `rollback`, one below the other."""
    seen = CORNERS[name].look()
    style, hands = Style(width=100), Hands()
    chosen = choose_link(seen, None)
    plan = chosen if isinstance(chosen, Refusal) else make_plan(seen, LINK)
    answer = plan_text(plan, seen, style) if isinstance(plan, Plan) else refusal_text(plan, seen, style, hands)
    text = f"$ kubepki-exporter check\n{report(seen, style, hands)}\n$ kubepki-exporter rollback\n{answer}"
    file = GOLDEN / f"{name}.txt"
    if "UPDATE_GOLDEN" in os.environ:
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_no_text_is_left_over() -> None:
    """Each golden file has its corner."""
    assert {file.stem for file in GOLDEN.iterdir()} == set(CORNERS)
