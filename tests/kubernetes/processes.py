"""The programs of the room: started, watched, ended."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(slots=True)
class Program:
    """One program that is started anew at each power cut; its log is kept in one file."""

    name: str
    command: Sequence[str]
    log: Path
    variables: Mapping[str, str]
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start it."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command, stdout=output, stderr=output, env={**os.environ, **self.variables}
            )

    def stop(self) -> None:
        """End it: at once, as a power cut does, where it does not end by itself within five seconds."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
        self.process = None

    def restart(self) -> None:
        """End it and start it anew."""
        self.stop()
        self.start()

    def running(self) -> bool:
        """Return whether it was started and has not ended."""
        return self.process is not None and self.process.poll() is None

    def said(self, word: str, *, since: int = 0) -> int:
        """Return in how many lines of the log behind *since* bytes *word* stands."""
        with self.log.open("rb") as log:
            log.seek(since)
            return sum(word.encode() in line for line in log)

    def told(self) -> int:
        """Return how many bytes of the log there are."""
        return self.log.stat().st_size if self.log.exists() else 0
