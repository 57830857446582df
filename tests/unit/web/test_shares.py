"""Who counts as one client, and what each is given: places, turns, lines of the log."""

import threading

import bcrypt
import pytest

from kubepki.web.basic_auth import BasicAuth, Verifications
from kubepki.web.complaints import Complaints
from kubepki.web.peers import NOBODY, peer_at
from kubepki.web.slots import Slots
from kubepki.web.turns import Turns
from tests.support.waiting import wait_until
from tests.unit.web.test_config import basic


@pytest.mark.parametrize(
    ("address", "share"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:0:0:1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
    ],
)
def test_what_is_one_client(address: str, share: str) -> None:
    """An IPv4 address, however it is written, or a network of IPv6, in which one host has all addresses it wants."""
    assert peer_at(address).share == share


def test_slots_are_left_for_others() -> None:
    """One address takes at most two thirds of the places; another one always finds some."""
    slots = Slots(30)
    assert sum(slots.take("crowd") for _ in range(100)) == 20
    assert sum(slots.take("honest") for _ in range(5)) == 5
    assert slots.running == 25
    for _ in range(20):
        slots.give("crowd")
    assert sum(slots.take("honest") for _ in range(100)) > 10


@pytest.mark.parametrize(("limit", "given"), [(1, 1), (2, 2), (3, 2), (0, 100)])
def test_few_slots(limit: int, given: int) -> None:
    """A single place is given; without a bound all are."""
    slots = Slots(limit)
    assert sum(slots.take("one") for _ in range(100)) == given


def holders(turns: Turns, share: str, number: int, got: list[str]) -> list[threading.Thread]:
    """Let *number* threads wait for a turn of *share*; each notes whether it got one."""

    def wait() -> None:
        with turns.turn(share) as mine:
            got.append(share if mine else f"{share}: no")

    threads = [threading.Thread(target=wait) for _ in range(number)]
    for thread in threads:
        thread.start()
    return threads


def waiting(turns: Turns) -> int:
    """Return how many wait, as the threads' own account."""
    return sum(len(line) for line in turns._lines.values())  # noqa: SLF001 - no other way to see who waits


def test_turns_go_from_address_to_address() -> None:
    """Ten of a crowd wait, then one of another address: it is the second to be called."""
    turns, got = Turns(), list[str]()
    with turns.turn("first"):
        crowd = holders(turns, "crowd", 10, got)
        wait_until(lambda: waiting(turns) == 10, describe="the crowd")
        honest = holders(turns, "honest", 1, got)
        wait_until(lambda: waiting(turns) == 11, describe="the honest one")
    for thread in crowd + honest:
        thread.join(10)
    assert got.index("honest") == 1
    assert len(got) == 11


def test_a_full_line_makes_room_for_another_address() -> None:
    """Beyond the bound of its address nobody waits; beyond the bound of all the longest line loses its last."""
    turns, got = Turns(each=3, total=4), list[str]()
    with turns.turn("first"):
        threads = holders(turns, "crowd", 5, got)
        wait_until(lambda: got == ["crowd: no"] * 2, describe="two refusals")
        threads += holders(turns, "other", 1, got)
        wait_until(lambda: waiting(turns) == 4, describe="a full line")
        threads += holders(turns, "third", 1, got)
        wait_until(lambda: got.count("crowd: no") == 3, describe="a third refusal")
    for thread in threads:
        thread.join(10)
    assert sorted(got) == ["crowd"] * 2 + ["crowd: no"] * 3 + ["other", "third"]


def test_verified_passwords_survive_a_reload() -> None:
    """A reload that leaves a user alone asks for no new check; another hash, or no hash, ends what was known."""
    hashed, other = (bcrypt.hashpw(word, bcrypt.gensalt(4)).decode() for word in (b"secret", b"changed"))
    known = Verifications()
    assert BasicAuth({"joe": hashed}, known).authorized(basic("joe", "secret")) is True
    full = Turns(each=0)
    known.turns = full
    with full.turn(""):
        # Whoever needs a check now is sent away.
        again = BasicAuth({"joe": hashed, "ann": other}, known)
        assert again.authorized(basic("joe", "secret")) is True
        assert again.authorized(basic("ann", "changed")) is None
        assert BasicAuth({"joe": other}, known).authorized(basic("joe", "secret")) is None
        assert BasicAuth({"ann": other}, known).authorized(basic("joe", "secret")) is None
    assert BasicAuth({"joe": other}, known).authorized(basic("joe", "secret")) is False


def test_complaints_are_shared_out() -> None:
    """One address has five lines a minute, all have fifty, one more tells of the rest, and ours is never hidden."""
    said: list[str] = []
    complaints = Complaints(lambda message, _: said.append(message))
    for number in range(20):
        complaints.say(f"line {number}", peer=peer_at("192.0.2.1"))
    assert len(said) == 6
    assert said[5].startswith("further lines about clients are left out")
    complaints.say("line 0", peer=peer_at("192.0.2.2"))
    assert said[6:] == ["line 0"]
    for host in range(3, 200):
        complaints.say("line 0", peer=peer_at(f"192.0.2.{host}"))
    assert len(said) == 51
    complaints.say("a bug of ours", peer=NOBODY)
    assert said[51:] == ["a bug of ours"]
