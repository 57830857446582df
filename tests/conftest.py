"""Fixtures that every test may use."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# How long one example takes says more of the machine's other work than of ours.
# In CI the same examples each time, so that a failure belongs to the change; the search goes on where people work.
settings.register_profile("kubepki", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("kubepki")

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"


def find_program(name: str) -> Path | None:
    """Return the program *name* from `.tools/` (unpacked Debian packages) or PATH, None where it is in neither."""
    for directory in ("usr/bin", "usr/sbin"):
        for candidate in sorted(TOOLS.glob(f"*/{directory}/{name}")):
            return candidate
    found = shutil.which(name)
    return Path(found) if found else None


def why_missing(name: str) -> str:
    """Return what `make programs` found out about the program *name* that it could not bring."""
    listing = TOOLS / "missing.txt"
    lines = listing.read_text(encoding="utf-8").splitlines() if listing.exists() else []
    reasons = dict(line.split("\t", 1) for line in lines)
    return reasons.get(name, "`make programs` has not been run, or its list does not name it")


@pytest.fixture(scope="session")
def program() -> Callable[[str], Path]:
    """Return a function that finds a program, skips the test by its name, or fails it with CI=true."""

    def find(name: str) -> Path:
        path = find_program(name)
        if path is not None:
            return path
        reason = f"the program {name} is not there: {why_missing(name)}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)

    return find
