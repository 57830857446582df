"""Asks Go's and client-go's own readers about files: builds `tests/oracle` and speaks to it.

Go builds it once into the cache of the repository; a user without Go skips these tests by name.
"""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from tests.support.exclusive import exclusive

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "tests" / "oracle"
PROGRAM = ROOT / "build" / "oracle"


@dataclass(frozen=True, kw_only=True)
class Read:
    """What Go reads of one certificate: times in Unix seconds, the serial number in hexadecimal.

    `constrained` means that there are basic constraints, `signs` that it may sign certificates by its key usage.
    """

    fingerprint: str
    not_before: int
    not_after: int
    serial: str
    constrained: bool
    ca: bool
    signs: bool
    client: bool
    server: bool


@dataclass(frozen=True)
class Block:
    """A PEM block that Go decodes: its label, whether it has headers, and the SHA-256 of its content."""

    label: bytes
    headers: bool
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Whether the consumer takes a file, what it says if not, how many certificates it found and what it read."""

    taken: bool
    error: str
    certificates: int
    read: tuple[Read, ...]


class Oracle:
    """A running oracle."""

    def __init__(self, questions: IO[str], answers: IO[str]) -> None:
        self._questions = questions
        self._answers = answers

    def ask(self, kind: str, *paths: Path | str, time: float = 0) -> Answer:
        """Return what the consumer of *kind* says of *paths* at *time*; the kinds are those of tests/oracle/main.go."""
        said = self._asked({"kind": kind, "paths": [str(path) for path in paths], "time": int(time)})
        read = tuple(Read(**each) for each in said["read"])
        return Answer(taken=said["ok"], error=said["error"], certificates=said["certificates"], read=read)

    def blocks(self, texts: Sequence[bytes]) -> list[list[Block]]:
        """Return for each of *texts* the PEM blocks that Go decodes from it, one call after the other."""
        encoded = [base64.b64encode(text).decode() for text in texts]
        said = self._asked({"kind": "pem", "texts": encoded}).get("blocks") or []
        return [
            [Block(base64.b64decode(each["type"]), each["headers"] > 0, each["sha256"]) for each in found]
            for found in said
        ]

    def _asked(self, question: dict[str, object]) -> dict[str, Any]:
        self._questions.write(json.dumps(question) + "\n")
        self._questions.flush()
        said: dict[str, Any] = json.loads(self._answers.readline())
        return said


@contextmanager
def running() -> Iterator[Oracle]:
    """Build the oracle where its source changed, and yield it running."""
    go = shutil.which("go")
    if go is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Go is not installed: tests/README.md says which version the judges need")
        pytest.skip("needs Go: the conformance with crypto/tls and client-go")
    with exclusive("oracle"):
        subprocess.run([go, "build", "-o", PROGRAM, "."], cwd=SOURCE, check=True, capture_output=True)
    # Without a PATH it runs no program of this machine that a kubeconfig names.
    nothing = {**os.environ, "PATH": ""}
    with subprocess.Popen([PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=nothing) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield Oracle(process.stdin, process.stdout)
        finally:
            process.stdin.close()
            process.wait(timeout=10)
