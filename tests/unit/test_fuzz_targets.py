"""The fuzzing targets take their own seeds, and their oracle sees what costs too much."""

import random
import time

import pytest

from tests.fuzz.oracle import CPU_SECONDS, MEMORY_BYTES, TooExpensiveError, examine
from tests.fuzz.targets import TARGETS, Target


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


def test_the_oracle_sees_time_and_memory() -> None:
    """And nothing where there is nothing, nor what only the first call costs."""
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
    with pytest.raises(TooExpensiveError, match="CPU time for 1 bytes"):
        examine(slow, b"a")
    with pytest.raises(TooExpensiveError, match="MiB for 1 bytes"):
        examine(lambda _: b"x" * (2 * MEMORY_BYTES), b"a")
