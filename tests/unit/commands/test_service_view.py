"""What the running service does not see of what `check` sees, told from its scrape."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from kubepki.commands.diagnosis import Look
from kubepki.commands.hands import Hands
from kubepki.commands.report import report
from kubepki.commands.service_view import Exported, ServiceView, Unseen, exported, unseen_by
from kubepki.commands.terminal import Style
from kubepki.commands.unit_paths import drop_in
from kubepki.commands.verdict import Status, status
from kubepki.judgement.evaluate import evaluate
from kubepki.model import PathState, Reading, Snapshot, Standing
from tests.support import pki

NOW = pki.NEW_YEAR + pki.DAY
STYLE = Style(width=100, colour=False, unicode=False)
SCRAPE = r"""kubepki_exporter_build_info{version="1"} 1
kubepki_certificate_not_after_timestamp_seconds{path="/a/\"b\\\\c",entry="0",standing="current",usage="client"} 1
kubepki_certificate_not_after_timestamp_seconds{path="/old",entry="0",standing="superseded",usage="client"} 1
kubepki_fault{path="/data/x",standing="current",reason="dangling"} 1
"""


def seen(*paths: str) -> Snapshot:
    """Return a snapshot with a good certificate at each of *paths*."""
    from kubepki.formats.parse import parse  # noqa: PLC0415 - one test module needs it

    certificate = parse(pki.client(pki.authority(), lifetime=2 * pki.YEAR).certificate_pem).certificates[0].certificate
    return Snapshot(
        paths=tuple(PathState(path=path, standing=Standing.CURRENT, certificates=(certificate,)) for path in paths)
    )


def look(snapshot: Snapshot, service: ServiceView | None) -> Look:
    """Return a look of a healthy host."""
    reading = Reading(host_time=NOW, synchronized=True)
    return Look(snapshot=snapshot, reading=reading, findings=evaluate(snapshot, reading), service=service)


def test_a_scrape_says_what_it_has() -> None:
    """Current certificates and faults, with the escapes of the exposition taken away; another's scrape says nothing."""
    found = exported(SCRAPE)
    assert found == Exported(certificates=frozenset({'/a/"b\\\\c'}), faults={"/data/x": frozenset({"dangling"})})
    assert exported("node_time_seconds 1\n") is None


@pytest.mark.parametrize(
    ("masks", "others", "expected"),
    [
        ({}, (), (Unseen("/data/x", "it says dangling"), Unseen("/home/y"))),
        (
            {"/home/y": "ProtectHome=/home"},
            (),
            (Unseen("/data/x", "it says dangling"), Unseen("/home/y", "ProtectHome=/home")),
        ),
        ({}, ("/home/y",), (Unseen("/data/x", "it says dangling"),)),
    ],
)
def test_what_is_unseen(masks: Mapping[str, str], others: tuple[str, ...], expected: tuple[Unseen, ...]) -> None:
    """By the service's own fault, by a mask, or because nothing names it; not what it has under another name."""
    service = Exported(certificates=frozenset({"/a"}), faults={"/data/x": frozenset({"dangling", "kubeconfig_stale"})})
    assert unseen_by(service, seen("/a", "/data/x", "/home/y"), masks.get, others.__contains__) == expected


def test_a_hidden_file_is_a_warning_with_the_way_out() -> None:
    """On a healthy host too: what nobody watches breaks unseen. The command carries the service's own flags."""
    view = ServiceView(
        address="*:10509", unseen=(Unseen("/data/x", "InaccessiblePaths=/data"),), flags=("--pki.directory=/data",)
    )
    found = look(seen("/data/x"), view)
    assert status(found) is Status.WARNING
    text = report(found, STYLE, Hands())
    assert text.startswith("WARNING: the running service cannot see 1 of the files")
    assert "/data/x: InaccessiblePaths=/data" in text
    assert (
        "kubepki-exporter unit-paths --pki.directory=/data > /etc/systemd/system/kubepki-exporter.service.d/paths.conf"
        in text
    )


def test_what_no_setting_names_is_told_and_no_warning() -> None:
    """A person may look at more than the service is to watch."""
    found = look(seen("/x"), ServiceView(address="*:10509", unseen=(Unseen("/x"),)))
    assert status(found) is Status.HEALTHY
    assert "its settings do not name it" in report(found, STYLE, Hands())
    assert "unit-paths" not in report(found, STYLE, Hands())


def test_what_could_not_be_asked_is_said() -> None:
    """With TLS or a password nobody knows what the service sees."""
    found = look(seen("/x"), ServiceView(address="*:10509", problem="it wants a password"))
    assert "could not be asked what it sees: it wants a password" in report(found, STYLE, Hands())
    assert "The running service" not in report(replace(found, service=None), STYLE, Hands())


def test_homes_are_opened_without_a_mask_above() -> None:
    """What is bound below ProtectHome=yes would be dropped."""
    text = drop_in(("/etc/kubernetes", "/home/data/pki"))
    assert "ProtectHome=tmpfs" in text
    assert "BindReadOnlyPaths=-/home/data/pki" in text
    assert "ProtectHome" not in drop_in(("/etc/kubernetes", "/data/pki"))
