"""The kubelet's PKI inside a machine, written as client-go writes it."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import pki
from tests.system.machine import Machine

DIRECTORY = "/var/lib/kubelet/pki"
CURRENT = f"{DIRECTORY}/kubelet-client-current.pem"
DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A kubelet's directory in *machine*, with its CA."""

    machine: Machine
    ca: pki.Pair = field(default_factory=lambda: pki.authority(not_before=time.time() - 300 * DAY))

    def create(self) -> None:
        """Make the directory, 0700 as the kubelet's is here, with one certificate in use."""
        directory = self.machine.path(DIRECTORY)
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o700)
        self.rotate("2026-01-01-00-00-00", not_before=time.time() - DAY)

    def rotate(self, stamp: str, *, not_before: float) -> str:
        """Write a dated file and move the link to it, call by call as client-go does; return the file's path inside."""
        directory = self.machine.path(DIRECTORY)
        target = f"{DIRECTORY}/kubelet-client-{stamp}.pem"
        dated = self.machine.path(target)
        dated.touch(0o600)
        dated.chmod(0o600)
        dated.write_bytes(pki.client(self.ca, not_before=not_before).pem)
        updated, current = directory / "kubelet-client-updated.pem", directory / "kubelet-client-current.pem"
        updated.symlink_to(Path(target))
        current.unlink(missing_ok=True)
        updated.rename(current)
        return target
