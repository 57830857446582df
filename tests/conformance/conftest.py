"""One oracle for all tests of this suite."""

from collections.abc import Iterator

import pytest

from tests.support.oracle import Oracle, running


@pytest.fixture(scope="session")
def oracle() -> Iterator[Oracle]:
    """Yield the consumers' own readers."""
    with running() as found:
        yield found
