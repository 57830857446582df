"""What the boards show in each state of the story, as Grafana draws it: words and colours, never green for unknown."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.grafana.boards import UIDS
from tests.grafana.drawing import Drawn, Judge, assert_no_green, board_drawn, colours, judge, texts
from tests.grafana.expected import assert_said
from tests.grafana.prometheus import running
from tests.support.stage import BRIGHT, DARK, Stage, staged
from tests.support.waiting import wait_until

FLEET, HOST = UIDS
NODE30 = "node30:10509"
TO_DO, CLOCKS, PATHS = "What to do, the most urgent first", "Which clock is wrong", "Paths in trouble, the 50 worst"
VALIDITY, HISTORY = "Validity of what is presented", "Which file the link points at"
Board = dict[str, list[Drawn]]
# (text, colour); ~ stands for a beginning.
TABLE = {
    "healthy": {
        FLEET: {
            "Future-dated hosts": ("none", "green"),
            "Rejected now": ("none", "green"),
            "Ahead by": ("nothing ahead", "green"),
            "All valid again (UTC)": ("nothing ahead", "green"),
            "Broken": ("none", "green"),
            "Expired": ("none", "green"),
            "Expire < 7 d": ("none", "green"),
            "Expire soon": ("none", "green"),
            "No fallback": ("none", "green"),
            "Wrong clocks": ("none", "green"),
            "Exporters down": ("none", "green"),
            "Hosts watched": ("8", "blue"),
        },
        HOST: {
            "This host": ("healthy", "green"),
            "Ahead by": ("nothing ahead", "green"),
            "First expiry": ("~11 months", "green"),
            "Clock": ("agrees", "green"),
        },
    },
    "the power is back": {
        FLEET: {
            "Future-dated hosts": ("none", "green"),
            "Wrong clocks": ("6", "orange"),
        },
        HOST: {"This host": ("WARNING", "orange"), "Clock": ("2 hours, 11 minutes", "red")},
    },
    "from the future": {
        FLEET: {
            "Future-dated hosts": ("2", "red"),
            "Rejected now": ("none", "green"),
            "Ahead by": ("~2 hours, ", "red"),
            "No fallback": ("1", "red"),
        },
        HOST: {"This host": ("FUTURE-DATED", "red"), "Ahead by": ("~2 hours, ", "red")},
    },
    "rejected": {
        FLEET: {
            "Future-dated hosts": ("2", "red"),
            "Rejected now": ("2", "red"),
            "Ahead by": ("~2 hours, ", "red"),
            "All valid again (UTC)": ("~20", "red"),
            "No fallback": ("1", "red"),
            "Wrong clocks": ("none", "green"),
        },
        HOST: {
            "This host": ("REJECTED NOW", "red"),
            "Ahead by": ("~2 hours, ", "red"),
            "Clock": ("agrees", "green"),
        },
    },
    "other troubles": {
        FLEET: {
            "Rejected now": ("2", "red"),
            "Broken": ("1", "red"),
            "Expired": ("1", "red"),
            "Expire < 7 d": ("1", "orange"),
            "Expire soon": ("1", "orange"),
        },
        HOST: {"This host": ("REJECTED NOW", "red")},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The stage, and Node to draw it."""

    stage: Stage
    node: Judge

    def fleet(self) -> Board:
        """Return the fleet board, everything chosen."""
        return board_drawn(self.node, self.stage.prometheus, FLEET)

    def host(self, instance: str = NODE30) -> Board:
        """Return the board of a host of the dark room."""
        return board_drawn(self.node, self.stage.prometheus, HOST, instance=instance, cluster=DARK)

    def says(self, state: str, *further: tuple[str, str]) -> None:
        """Wait until every panel says what is written for *state*: the fleet, node30, and *further* (host, cluster)."""
        hosts = (("node30", DARK), *further)

        def drawn() -> dict[str, Board]:
            return {FLEET: self.fleet()} | {
                f"{HOST} {name} in {cluster}": board_drawn(
                    self.node, self.stage.prometheus, HOST, instance=f"{name}:10509", cluster=cluster
                )
                for name, cluster in hosts
            }

        assert_said(state, drawn)


@pytest.fixture(scope="module")
def node() -> Iterator[Judge]:
    with judge() as found:
        yield found


@pytest.fixture(scope="module")
def program_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stage")


@pytest.fixture(scope="module")
def room(node: Judge, program: Callable[[str], Path], program_files: Path) -> Iterator[Room]:
    with staged(program("prometheus"), program_files / "room") as stage:
        yield Room(stage=stage, node=node)


def assert_shown(room: Room, state: str) -> tuple[Board, Board]:
    """Wait until both boards show what the table says for *state*; return them."""

    def wrong() -> list[str]:
        boards = {FLEET: room.fleet(), HOST: room.host()}
        return [
            f"{uid} {title}: {shown.text!r} in {shown.color}, not {text!r} in {color}"
            for uid, expected in TABLE[state].items()
            for title, (text, color) in expected.items()
            for shown in boards[uid][title][:1]
            if shown.color != color or not (shown.text.startswith(text[1:]) if text[0] == "~" else shown.text == text)
        ]

    try:
        wait_until(lambda: not wrong(), timeout=120, describe=f"the boards to show {state}")
    except AssertionError as error:
        pytest.fail(f"{error}: {wrong()}")
    return room.fleet(), room.host()


def test_the_story_is_told_in_words_and_colours(room: Room) -> None:
    """Each act shows on both boards, from all green to the command, and the tile never contradicts the table."""
    stage = room.stage
    fleet, host = assert_shown(room, "healthy")
    assert texts(fleet[TO_DO], "What") == ["Nothing: every watched host is healthy"]
    wait_until(lambda: colours(room.host()[VALIDITY]) == {"green"}, timeout=60, describe="ten seconds of health")
    room.says("healthy", ("node30", BRIGHT))

    stage.power_returns()
    fleet, _ = assert_shown(room, "the power is back")
    wait_until(lambda: "ahead" in texts(room.fleet()[CLOCKS], "Is"), timeout=60, describe="the clocks of the dark room")
    room.says("the power is back")

    stage.certificates_rotate()
    fleet, host = assert_shown(room, "from the future")
    assert texts(fleet[TO_DO], "What")[0].startswith("Before clocks are set: stop the signer")
    assert texts(fleet[TO_DO], "Command")[0] == "kubepki-exporter rollback --at TIME --apply --restart-kubelet"
    assert ("future-dated", "red") in {(each.text, each.color) for each in host[VALIDITY]}
    room.says("from the future")

    stage.clocks_are_corrected()
    fleet, host = assert_shown(room, "rejected")
    assert texts(fleet[TO_DO], "What")[:2] == [
        "Rejected now: roll back",
        "Rejected now, no fallback: renew, or wait",
    ]
    assert {"rejected now"} == set(texts(fleet[PATHS], "State"))
    files = [text for text in texts(fleet[PATHS], "Roll back to") if text.startswith("kubelet-client-2")]
    assert len(files) == 1
    assert ("rejected now", "red") in {(each.text, each.color) for each in host[VALIDITY] + host[HISTORY]}
    assert all(each.color == "green" for each in host[VALIDITY] if each.text == "valid")
    # The other cluster has a host of that name, and it is well.
    room.says("rejected", ("node33", DARK), ("node30", BRIGHT))

    stage.other_troubles()
    fleet, _ = assert_shown(room, "other troubles")
    assert {"broken", "rejected now", "expired", "expires soon"} <= set(texts(fleet[PATHS], "State"))
    assert any(text == "Broken: roll back" for text in texts(fleet[TO_DO], "What"))
    assert texts(room.host("node29:10509")["This host"]) == ["EXPIRED"]
    assert texts(room.host("node34:10509")["This host"]) == ["BROKEN"]
    room.says("other troubles", ("node29", DARK), ("node32", DARK), ("node34", DARK))

    stage.link_is_put_back()
    wait_until(
        lambda: texts(room.host()["This host"]) == ["healthy"], timeout=60, describe="the rolled back host to be well"
    )
    assert_no_green(board_drawn(room.node, stage.prometheus, HOST, instance="node99:10509"))
    room.says("rolled back", ("node99", DARK))
    stage.host("node31").exporter.end()
    wait_until(
        lambda: texts(room.fleet()["Exporters down"]) == ["1"], timeout=60, describe="the stopped exporter to be missed"
    )
    wait_until(
        lambda: texts(room.host("node31:10509")["Clock"]) == ["exporter down"],
        timeout=30,
        describe="the rules to let the host go",
    )
    wait_until(lambda: texts(room.fleet()["Wrong clocks"]) == ["none seen"], timeout=60, describe="the doubt")
    assert_no_green(room.host("node31:10509"), but=(HISTORY, VALIDITY))
    room.says("an exporter is down", ("node31", DARK))

    # The rules hold what they know over lost scrapes: what was good news is none any more.
    for host_of_stage in stage.hosts.values():
        host_of_stage.exporter.end()
    wait_until(
        lambda: texts(room.fleet()["Hosts watched"]) == ["exporter down"], timeout=60, describe="the last host to go"
    )
    wait_until(lambda: texts(room.host()["Clock"]) == ["exporter down"], timeout=60, describe="the host to be let go")
    assert_no_green(room.fleet())
    assert_no_green(room.host(), but=(HISTORY, VALIDITY))
    room.says("no exporter answers")


def test_without_rules_nothing_is_green(node: Judge, program: Callable[[str], Path], program_files: Path) -> None:
    """Exporters report and one host is rejected, but no rule judges: every tile says so."""
    with staged(program("prometheus"), program_files / "norules", rules=False) as stage:
        room = Room(stage=stage, node=node)
        stage.power_returns()
        stage.certificates_rotate()
        for shown in (room.fleet(), room.host()):
            assert_no_green(shown)
        assert texts(room.fleet()["Rejected now"]) == ["no rules loaded"]
        assert texts(room.host()["This host"]) == ["no rules loaded"]
        assert texts(room.fleet()[TO_DO], "What")[0].startswith("No rule judges: load rules/kubepki.rules.yml")
        room.says("no rules")


def test_without_data_nothing_is_green(node: Judge, program: Callable[[str], Path], program_files: Path) -> None:
    """A Prometheus that knows no exporter leaves each panel its word."""
    with running(program("prometheus"), program_files / "empty", []) as prometheus:
        boards = {uid: board_drawn(node, prometheus, uid) for uid in UIDS}
    for uid, shown in boards.items():
        assert_no_green(shown)
        assert {texts(shown["Ahead by"])[0]} == {"no exporter" if uid == FLEET else "no such host"}
    assert_said("no data", lambda: boards)
