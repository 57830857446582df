"""The fuzzing targets take their own seeds, and their oracle sees what costs too much."""

import contextlib
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kubepki.formats import der
from tests.conftest import ROOT
from tests.fuzz import seeds
from tests.fuzz.mutate import mutate_der
from tests.fuzz.oracle import CPU_SECONDS, MEASURE_SECONDS, MEMORY_BYTES, TooExpensiveError, examine
from tests.fuzz.seeds import STORED
from tests.fuzz.targets import FOUND as FOUND_HOME
from tests.fuzz.targets import TARGETS, Target

NAMES = [target.name for target in TARGETS]
FOUND = [(target, path) for target in TARGETS for path in target.found()]


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_seeds_and_what_is_near_them_cost_little(target: Target) -> None:
    """As the fuzzer would begin, a few steps long."""
    chance = random.Random(target.name)
    for seed in target.seeds():
        examine(target.run, seed)
        for _ in range(5):
            data = bytearray(seed)
            for _ in range(3):
                data[chance.randrange(len(data))] = chance.randrange(256)
            examine(target.run, bytes(data[: chance.randrange(len(data) + 1)]))


@pytest.mark.parametrize(("target", "path"), FOUND, ids=[f"{target.name}/{path.name}" for target, path in FOUND])
def test_what_was_found_once_stays_mended(target: Target, path: Path) -> None:
    """Each file is what a search has ended with."""
    examine(target.run, path.read_bytes())


def test_what_was_found_belongs_to_a_target_and_holds_no_key() -> None:
    """Whoever removes a target sees what it has found; and no key is in the repository."""
    assert {path.parent.name for path in FOUND_HOME.glob("*/*")} <= {target.name for target in TARGETS}
    assert not [path for path in (*FOUND_HOME.rglob("*"), *STORED.iterdir()) if b"PRIVATE KEY" in _content(path)]


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def test_a_search_with_a_seed_can_be_repeated() -> None:
    """It begins from the same inputs at each run, and a change of one follows from its number of chance alone."""
    script = (
        "import hashlib; from tests.fuzz.targets import TARGETS;"
        "print(*(hashlib.sha256(b'|'.join(target.seeds())).hexdigest() for target in TARGETS))"
    )
    # A search is a process of its own: in one that has loaded more, hypothesis draws from the constants of that, too.
    line = [sys.executable, "-c", script]
    ran = [
        subprocess.run(
            line, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": chance}, capture_output=True, check=True, text=True
        ).stdout.split()
        for chance in ("1", "2")
    ]
    assert dict(zip(NAMES, ran[0], strict=True)) == dict(zip(NAMES, ran[1], strict=True))
    for target in TARGETS:
        for number, seed in enumerate(target.seeds() if target.mutate else ()):
            first, second = [target.mutate(seed, 1 << 16, number, _flip) for _ in range(2) if target.mutate]
            assert first == second
            assert len(first) <= 1 << 16


def test_a_change_of_structure_leaves_the_rest_whole() -> None:
    """Most changed certificates are DER from end to end, which a change of bytes seldom leaves."""
    seed = next(iter(seeds.encoded_certificates()))
    changed = [mutate_der(seed, 1 << 16, number, _flip) for number in range(200)]
    assert len(set(changed)) > 150
    assert len([each for each in changed if _is_whole(each)]) > 120


def _is_whole(data: bytes) -> bool:
    with contextlib.suppress(ValueError):
        return bool(der.elements(data))
    return False


def _flip(data: bytes, most: int) -> bytes:
    return bytes(each ^ 1 for each in data)[:most]


def test_the_oracle_sees_time_and_memory() -> None:
    """And nothing where there is nothing, nor what only the first call costs, nor what a slow machine makes slow."""
    calls: list[bytes] = []

    def slow(_: bytes) -> None:
        until = time.process_time() + 1.5 * CPU_SECONDS
        while time.process_time() < until:
            pass

    def slow_once(data: bytes) -> None:
        if not calls:
            slow(data)
        calls.append(data)

    examine(len, b"a")
    examine(slow_once, b"a")
    examine(slow, b"a", measured=lambda: 2 * MEASURE_SECONDS)
    with pytest.raises(TooExpensiveError, match="CPU time for 1 bytes"):
        examine(slow, b"a", measured=lambda: MEASURE_SECONDS)
    with pytest.raises(TooExpensiveError, match="MiB for 1 bytes"):
        examine(lambda _: b"x" * (2 * MEMORY_BYTES), b"a")
