"""The stories: what goes wrong with the clocks of a real cluster, and what is typed until the node is Ready again."""

import base64
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from kubepki.commands.host_finder import find_host
from kubepki.commands.remedies import remedies
from kubepki.judgement.evaluate import Code, Finding
from kubepki.model import Severity
from tests.kubernetes.room import DIRECTORY, LINK, true_time
from tests.kubernetes.stage import Stage, commands_in, stamp
from tests.support.waiting import wait_until

AHEAD = 2 * 3600.0 + 11 * 60
# So far that the certificate of the first repair is due again.
FAR_AHEAD = 1_590_000.0
DATED, INVALID = "KubePKICertificateFutureDated", "KubePKICertificateNotYetValid"
_PAGED = re.compile(r'kubepki-exporter rollback[^"`\n]*')


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """`signs_for` is the life of a certificate in seconds, `age` how long ago the first was signed.

    A kubelet that starts asks for the next one at once, for more than nine tenths of the first's life are over.
    """

    play: Callable[[Stage], None]
    signs_for: float
    age: float


def first_certificate(stage: Stage) -> None:
    """Bootstrap a node."""
    room, told = stage.room, stage.told

    def ask() -> None:
        room.kubelet.start()
        wait_until(lambda: "Pending" in room.type("kubectl get csr")[1], timeout=60, describe="a request that waits")
        stage.checked(0, "the kubelet waits for its first certificate", "get csr")

    told.act("a kubelet bootstraps: its request waits for the signer, says check", ask)
    room.start_signer()
    told.act("the signer runs: the first certificate", lambda: room.rotated(""))
    told.act("the node is Ready", room.await_ready)


def whole_room(stage: Stage) -> None:
    """Every clock of the room is ahead; Prometheus' alone is right."""
    room, told = stage.room, stage.told
    first_certificate(stage)
    stage.checked(0, "HEALTHY")
    old = room.target()
    told.act("the power returns, every clock of the room is 2 h 11 min ahead", lambda: room.power_cut(AHEAD))
    told.act("the kubelet rotates: future-dated, and accepted", lambda: room.rotated(old))
    room.await_ready()
    page = told.act("it is paged while the node is Ready", lambda: stage.page(DATED, str(LINK)))
    found = _PAGED.search(page)
    assert found, page
    bad = room.target()
    said = told.act(f"typed from the page: {found[0]}", lambda: stage.typed(found[0], 0, "Stop the signer first"))
    assert room.target() not in {bad, ""}
    the_order(stage, commands_in(said))
    told.act("the page is resolved", lambda: stage.page("Resolved at ", LINK.name))
    wrong_order(stage)


def the_order(stage: Stage, commands: list[str]) -> None:
    """Type the *commands* that a rollback left to be typed: stop the signer, restart; correct; start the signer."""
    room, told = stage.room, stage.told
    stop, restart, start = commands
    rolled_back = room.target()
    told.act(f"typed: {stop}", lambda: stage.typed(stop, 0))
    wait_until(lambda: not room.signer.running(), timeout=15, describe="the signer to end")

    def load() -> None:
        stage.typed(restart, 0)
        room.await_ready()

    told.act(f"typed: {restart}; the node is Ready", load)
    correct_and_start(stage, start, rolled_back)


def correct_and_start(stage: Stage, start: str, rolled_back: str) -> None:
    """Correct the clocks and start the signer again: the node stays Ready, and gets a good certificate."""
    room, told = stage.room, stage.told
    room.all_clocks(0.0, synchronized=True)
    told.act("the clocks are corrected: 0 Unauthorized, the node stays Ready", stage.accepted_on)
    assert room.target() == rolled_back, "the request was to wait for the signer"

    def sign() -> None:
        stage.typed(start, 0)
        stage.renewed_well(rolled_back)

    told.act(f"typed: {start}; a good certificate, Ready", sign)
    stage.checked(0, "HEALTHY")


def wrong_order(stage: Stage) -> None:
    """Play the same night again; somebody types one step of the order and leaves the first out."""
    room, told = stage.room, stage.told
    old = room.target()
    told.act("the power fails again: now ahead by 18 days", lambda: room.power_cut(FAR_AHEAD))
    told.act("the kubelet rotates", lambda: room.rotated(old))
    room.await_ready()
    printed = commands_in(stage.checked(2, "Stop the signer first", at=true_time()))
    back = next(line for line in printed if "--apply" in line)
    assert printed.index(back) == 1, printed
    said = told.act(
        f"typed too early: {back}; it ends with 4, undone",
        lambda: stage.typed(back, 4, "Undone:", "The signer's clock is still ahead", "the order that holds"),
    )
    stop, again, _ = commands_in(said)
    told.act(f"typed as it says: {stop}", lambda: stage.typed(stop, 0))
    wait_until(lambda: not room.signer.running(), timeout=15, describe="the signer to end")
    told.act(f"typed: {again}; it is kept for a minute", lambda: stage.typed(again, 0, "Kept:"))
    room.await_ready()
    room.all_clocks(0.0, synchronized=True)
    told.act("the clocks are corrected: 0 Unauthorized, the node stays Ready", stage.accepted_on)


def only_the_signer(stage: Stage) -> None:
    """Play a night in which the signer alone is ahead: the API server refuses what it signs, at once."""
    room, told = stage.room, stage.told
    first_certificate(stage)
    old = room.target()
    room.signer_clock.set(AHEAD, synchronized=False)
    told.act(
        "the signer alone is 2 h 11 min ahead, and the kubelet rotates", lambda: due(stage, 0.0, old, signer=AHEAD)
    )
    told.act(
        "the API server refuses it: Unauthorized",
        lambda: wait_until(lambda: stage.unauthorized(0) > 0, timeout=60, describe="an Unauthorized"),
    )
    page = told.act("it is paged", lambda: stage.page(INVALID, str(LINK)))
    found = _PAGED.search(page)
    assert found, page
    told.act(
        "the node is not Ready",
        lambda: wait_until(lambda: room.ready() == "Unknown", timeout=90, describe="the node to be NotReady"),
    )
    said = told.act(f"typed from the page: {found[0]}", lambda: stage.typed(found[0], 0, "Stop the signer first"))
    the_order(stage, commands_in(said))


def kubelet_behind(stage: Stage) -> None:
    """Play a node that is behind: the certificate is good, and there is nothing to roll back."""
    room, told = stage.room, stage.told
    first_certificate(stage)
    old, behind = room.target(), -2500.0
    told.act("the node alone is 42 min behind, and the kubelet rotates", lambda: due(stage, behind, old))
    told.act("the API server accepts it: Ready", room.await_ready)
    before, new = room.kubelet.told(), room.target()
    skewed = 'ALERTS{alertname="KubePKIHostClockSkewed", alertstate="firing"}'
    told.act(
        "Prometheus warns of the host's clock, and nobody is paged for a certificate",
        lambda: wait_until(
            lambda: stage.prometheus.query(skewed), timeout=60, describe="a warning of the host's clock"
        ),
    )
    paged = {alert["labels"]["alertname"] for page in stage.pager.pager.pages for alert in page["alerts"]}
    # By Prometheus' clock the first certificate was about to end.
    assert paged <= {"KubePKICertificateExpiring"}, paged
    told.act("check: two clocks, and a time from outside is asked for", lambda: stage.checked(1, "41 min 40 s ahead"))
    told.act("check with that time: the certificate is good", lambda: stage.checked(1, at=true_time()))
    told.act(
        "rollback refuses: without a time it asks for one, with it there is nothing to repair",
        lambda: [
            stage.typed(f"kubepki-exporter rollback --apply{at} {LINK}", 1, why)
            for at, why in (("", "Give a time from outside"), (f" --at={stamp(true_time())}", "needs no rollback"))
        ],
    )
    assert room.target() == new
    room.all_clocks(0.0, synchronized=True)
    told.act("the clock is corrected: Ready, 0 Unauthorized", stage.accepted_on)
    assert stage.unauthorized(before) == 0
    stage.checked(0, "HEALTHY")
    told.act(
        "a kubeconfig with an old copy: typed as printed, it follows the link, Ready", lambda: old_copy(stage, old)
    )
    told.act("each renewal of the table of advice is typed, and renews its file", lambda: renewals(stage))


def old_copy(stage: Stage, old: str) -> None:
    """Let the kubelet's kubeconfig embed an older certificate, as kubeadm once did, and type what `check` prints."""
    path = Path("/etc/kubernetes/kubelet.conf")
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    data = base64.b64encode((DIRECTORY / old).read_bytes()).decode()
    (user,) = document["users"]
    user["user"] = {"client-certificate-data": data, "client-key-data": data}
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    for line in commands_in(stage.checked(2, "kubectl config set-credentials")):
        stage.typed(line, 0)
    after = yaml.safe_load(path.read_text(encoding="utf-8"))["users"][0]["user"]
    assert after == {"client-certificate": str(LINK), "client-key": str(LINK)}, after
    stage.room.await_ready()
    stage.checked(0, "HEALTHY")


def renewals(stage: Stage) -> None:
    """Type what is advised for each of kubeadm's own certificates, were it expired."""
    files = [*Path("/etc/kubernetes/pki").rglob("*.crt"), *Path("/etc/kubernetes").glob("*.conf")]
    renewed = 0
    for path in files:
        finding = Finding(code=Code.CERTIFICATE_EXPIRED, severity=Severity.CRITICAL, path=str(path), message="")
        for words in remedies(finding, None, find_host()):
            before = path.read_bytes()
            stage.typed(shlex.join(words), 0)
            assert path.read_bytes() != before, words
            renewed += 1
    # Seven below pki/, four kubeconfigs; the CAs and the kubelet's own are not kubeadm's to renew.
    assert renewed == 11, renewed


def due(stage: Stage, node: float, old: str, *, signer: float = 0.0) -> None:
    """Let the certificate's life pass, and the kubelet start by a clock that is *node* seconds off: it rotates."""
    room = stage.room
    room.server_clock.set(0.0, synchronized=True)
    room.signer_clock.set(signer, synchronized=signer == 0.0)
    room.node.set(node, synchronized=node == 0.0)
    # What the signer was told by the clock before is not valid by the one after: its own tokens.
    room.signer.stop()
    room.kubelet.restart()
    room.rotated(old)


STORIES = {
    # More than a day is left at both ends, for nothing confirms the clocks of this room.
    "whole-room": Story(play=whole_room, signs_for=1_728_000.0, age=FAR_AHEAD),
    "only-the-signer": Story(play=only_the_signer, signs_for=20_000.0, age=18_300.0),
    "kubelet-behind": Story(play=kubelet_behind, signs_for=28_000.0, age=27_900.0),
}
