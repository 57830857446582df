"""`rollback --at` with a slip in the time: nothing is changed, with the reason and the way out."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import pki
from tests.support.clocks import SYNCHRONIZED, UNSYNCHRONIZED, Hands
from tests.support.commands import run_check, run_rollback
from tests.support.scenarios import CLIENT, LEAD, NOW
from tests.unit.commands.test_repair_order import leads_to, node, words

MONTH = 30 * pki.DAY


@pytest.mark.parametrize("off", [-365 * pki.DAY, -MONTH, -26 * pki.HOUR, 30 * pki.HOUR, 365 * pki.DAY])
@pytest.mark.parametrize("apply", [True, False])
def test_a_slip_beside_a_synchronised_host(tmp_path: Path, *, off: float, apply: bool) -> None:
    """Nothing is planned by a time that contradicts a clock that is vouched for by more than a day."""
    settings = node(tmp_path, 80 * pki.DAY)
    before = leads_to(tmp_path)
    code, text = run_rollback(settings, now=NOW + LEAD, at=NOW + off, apply=apply)
    assert code == 1
    flat = words(text)
    assert flat.startswith("Nothing was changed. It cannot be ")
    assert "this host's clock, which the kernel holds to be synchronized (2026-04-11 02:11:00 UTC)" in flat
    assert "rollback --at=TIME" in flat
    assert "If the given time is right, that clock is wrong: stop what synchronizes it, set it, and ask again." in flat
    assert leads_to(tmp_path) == before


def test_who_names_the_link_gets_the_command_for_it(tmp_path: Path) -> None:
    """The command that is printed is whole."""
    link = str(tmp_path / "pki" / CLIENT)
    _, text = run_rollback(node(tmp_path, 80 * pki.DAY), now=NOW, at=NOW - MONTH, paths=(link,))
    assert text.count(f"rollback --at=TIME {link}") == 1


@pytest.mark.parametrize("off", [LEAD, -LEAD, 20 * pki.HOUR])
def test_a_room_that_is_wrong_with_its_own_server(tmp_path: Path, off: float) -> None:
    """Hours are no slip: the host is synchronised with a server that is wrong, and the phone is right."""
    settings = node(tmp_path, 80 * pki.DAY)
    code, _ = run_rollback(settings, now=NOW + off, at=NOW, apply=True)
    assert code == 0


def test_a_host_that_is_months_off_and_not_synchronised(tmp_path: Path) -> None:
    """Its clock is what is wrong; it objects to nothing, and the plan shows the difference."""
    hands = Hands(host=NOW + MONTH, boot=1e6, kernel=UNSYNCHRONIZED)
    code, text = run_rollback(node(tmp_path, 20 * pki.DAY), now=NOW, at=NOW, edges={"clock": hands.host_clock()})
    assert code == 0
    assert "its own clock says 2026-05-11 00:00:00 UTC, 30 d ahead of the given time" in words(text)


def test_a_build_objects_on_a_host_that_is_not_synchronised(tmp_path: Path) -> None:
    """There is no time before the program."""
    hands = Hands(host=NOW, boot=1e6, kernel=UNSYNCHRONIZED).host_clock()
    clock = replace(hands, earliest=NOW - pki.DAY)
    code, text = run_rollback(node(tmp_path, 80 * pki.DAY), now=NOW, at=NOW - 3 * pki.DAY, edges={"clock": clock})
    assert code == 1
    assert "as --at says: this program was built at 2026-04-10 00:00:00 UTC" in words(text)


def test_check_answers_what_if_and_says_so(tmp_path: Path) -> None:
    """`check --at` changes nothing, so it judges by any time, and tells what speaks against it."""
    hands = Hands(host=NOW, boot=1e6, kernel=SYNCHRONIZED)
    code, text = run_check(node(tmp_path, 80 * pki.DAY), now=hands.host, at=NOW - MONTH)
    assert code == 2
    assert "but it cannot be right: it is 30 d before this host's clock" in words(text)
