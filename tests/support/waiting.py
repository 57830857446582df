"""Wait for a condition with a deadline; never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
POLL_SECONDS = 0.005


def wait_until(predicate: Callable[[], T], *, timeout: float = 10.0, describe: str = "the condition") -> T:
    """Return the first truthy value of *predicate*; fail with *describe* when *timeout* seconds have passed."""
    deadline = time.monotonic() + timeout
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            msg = f"waited {timeout:g} s in vain for {describe}; the last value was {value!r}"
            raise AssertionError(msg)
        time.sleep(POLL_SECONDS)
