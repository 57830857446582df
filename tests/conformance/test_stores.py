"""The kubelet's directory in each state of its two links: critical exactly where client-go's FileStore refuses it."""

from pathlib import Path

import pytest

from kubepki.model import PathState, Reason, Standing
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


# What is beside the link: FileStore.Current() reads it where the link leads nowhere.
PAIRS = {
    "none": (None, None),
    "whole": (MINE.certificate_pem, MINE.key_pem),
    "another's key": (MINE.certificate_pem, OTHER.key_pem),
    "without a key": (MINE.certificate_pem, None),
    "empty": (b"", b""),
}


def states_of(directory: Path, remembered: frozenset[str]) -> list[PathState]:
    """Return what a scan says of all that is current in *directory*."""
    sources = PkiSettings(directories=(Directory(path=str(directory), explicit=True),))
    return [each for each in Scanner(sources, ScanSettings()).scan(remembered).snapshot.paths if _is_current(each)]


def _is_current(state: PathState) -> bool:
    return state.standing is Standing.CURRENT


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("current", CURRENT)
def test_store(current: str, pair: str, oracle: Oracle, tmp_path: Path) -> None:
    """With three exceptions, docs/conformance.md: what a start repairs too late, and what stops the next rotation."""
    for number, updated in enumerate(UPDATED):
        directory = tmp_path / str(number)
        directory.mkdir()
        make(directory, "current", current, "2026-01-01-00-00-00")
        make(directory, "updated", updated, "2026-01-02-00-00-00")
        for suffix, content in zip(("crt", "key"), PAIRS[pair], strict=True):
            if content is not None:
                (directory / f"{PREFIX}.{suffix}").write_bytes(content)
        states = states_of(directory, frozenset({f"{directory}/{PREFIX}-current.pem"}))
        found = tuple(fault for state in states for fault in state.faults)
        reasons = {fault.reason for fault in found}
        # It renames what it recovers, so it is asked last.
        said = oracle.ask("store", directory, PREFIX)
        if said.taken and current in {"absent", "dangling"}:
            assert pair == "whole" or Reason.INTERRUPTED_ROTATION in reasons
            assert is_critical(found)
            continue
        if Reason.UPDATED_NOT_SYMLINK in reasons:
            found = tuple(fault for fault in found if fault.reason is not Reason.UPDATED_NOT_SYMLINK)
        assert is_critical(found) == (not said.taken), (updated, said.error, found)
        assert not said.taken or not disagreements(said, states)


@pytest.mark.parametrize("pair", PAIRS)
def test_store_without_a_link(pair: str, oracle: Oracle, tmp_path: Path) -> None:
    """A kubelet that never rotated: its pair is what is presented, and only then is it judged."""
    for suffix, content in zip(("crt", "key"), PAIRS[pair], strict=True):
        if content is not None:
            (tmp_path / f"{PREFIX}.{suffix}").write_bytes(content)
    said, states = oracle.ask("store", tmp_path, PREFIX), states_of(tmp_path, frozenset())
    if pair in {"none", "without a key"}:
        # It has no certificate yet, which is no fault of a file.
        assert "no cert/key files read" in said.error
        return
    found = tuple(fault for state in states for fault in state.faults)
    assert is_critical(found) == (not said.taken), (said.error, found)
    assert not said.taken or not disagreements(said, states)
    make(tmp_path, "current", "link: good", "2026-01-01-00-00-00")
    states = states_of(tmp_path, frozenset())
    assert oracle.ask("store", tmp_path, PREFIX).taken
    assert not any(state.faults for state in states), states
