"""The kubelet's directory in each state of its two links: critical exactly where client-go's FileStore refuses it."""

from pathlib import Path

import pytest

from kubepki.model import Reason
from kubepki.pki.scan import Scanner
from kubepki.settings import Directory, PkiSettings, ScanSettings
from tests.conformance.differences import MINE, OTHER
from tests.conformance.reading import disagreements
from tests.conformance.test_files import is_critical
from tests.support.oracle import Oracle

PREFIX = "kubelet-client"
CONTENTS = {
    "good": MINE.pem,
    "key first": MINE.key_pem + MINE.certificate_pem,
    "empty": b"",
    "cut": MINE.pem[:-60],
    "another's key": MINE.certificate_pem + OTHER.key_pem,
    "no key": MINE.certificate_pem,
    "NUL": bytes(500),
    "DER": MINE.der,
}
CURRENT: tuple[str, ...] = ("absent", "dangling", "loop", "directory", "link to a directory", "file: good", "file: cut")
CURRENT += tuple(f"link: {content}" for content in CONTENTS)
UPDATED = ("absent", "link: good", "link: cut", "file: good", "dangling", "directory")


def make(directory: Path, name: str, state: str, stamp: str) -> None:
    """Put `PREFIX-NAME.pem` into *state*."""
    path, dated = directory / f"{PREFIX}-{name}.pem", directory / f"{PREFIX}-{stamp}.pem"
    how, _, content = state.partition(": ")
    if state in {"dangling", "loop"}:
        path.symlink_to("nowhere.pem" if state == "dangling" else path.name)
    elif state == "directory":
        path.mkdir()
    elif state == "link to a directory":
        (directory / "elsewhere").mkdir()
        path.symlink_to("elsewhere")
    elif how == "file":
        path.write_bytes(CONTENTS[content])
    elif how == "link":
        dated.write_bytes(CONTENTS[content])
        path.symlink_to(dated.name)


@pytest.mark.parametrize("current", CURRENT)
def test_store(current: str, oracle: Oracle, tmp_path: Path) -> None:
    """With two exceptions, docs/conformance.md: what a start repairs too late, and what stops the next rotation."""
    for number, updated in enumerate(UPDATED):
        directory = tmp_path / str(number)
        directory.mkdir()
        make(directory, "current", current, "2026-01-01-00-00-00")
        make(directory, "updated", updated, "2026-01-02-00-00-00")
        sources = PkiSettings(directories=(Directory(path=str(directory), explicit=True),))
        seen = frozenset({f"{directory}/{PREFIX}-current.pem"})
        states = [
            each for each in Scanner(sources, ScanSettings()).scan(seen).snapshot.paths if each.standing == "current"
        ]
        found = tuple(fault for state in states for fault in state.faults)
        reasons = {fault.reason for fault in found}
        # It renames what it recovers, so it is asked last.
        said = oracle.ask("store", directory, PREFIX)
        if said.taken and Reason.INTERRUPTED_ROTATION in reasons and current in {"absent", "dangling"}:
            assert is_critical(found)
            continue
        if Reason.UPDATED_NOT_SYMLINK in reasons:
            found = tuple(fault for fault in found if fault.reason is not Reason.UPDATED_NOT_SYMLINK)
        assert is_critical(found) == (not said.taken), (updated, said.error, found)
        assert not said.taken or not disagreements(said, states)
