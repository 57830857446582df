"""Finds out how this host runs its kubelet and its signer, from the files that are there."""

import os
import re
import stat
from collections.abc import Callable

from kubepki.commands.host import (
    ADMIN_KUBECONFIG,
    KUBELET_CONFIG,
    MANIFESTS,
    SIGNER_UNITS,
    UNITS,
    Host,
    put_aside,
)

_UNIT_DIRECTORIES = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
_ROTATES = re.compile(rb"^rotateCertificates: true\s*$", re.MULTILINE)
_MOST_READ = 1 << 20


def find_host(root: str = "/", exists: Callable[[str], bool] = os.path.lexists) -> Host:
    """Return how the host whose files are below *root* runs its kubelet."""
    base = root.rstrip("/")
    units = [
        unit for unit in UNITS if any(exists(f"{base}{directory}/{unit}.service") for directory in _UNIT_DIRECTORIES)
    ]
    # The one that was put aside counts, too: then the order is under way.
    manifests = (each for each in MANIFESTS if exists(f"{base}{each}") or exists(f"{base}{put_aside(each)}"))
    rotates = _ROTATES.search(_head(f"{base}{KUBELET_CONFIG}")) is not None
    return Host(
        unit=next(iter(units), None),
        manifest=next(manifests, None),
        signer_unit=next((unit for unit in SIGNER_UNITS if unit in units), None),
        kubelet_config=KUBELET_CONFIG if rotates else None,
        administers=exists(f"{base}{ADMIN_KUBECONFIG}"),
    )


def _head(path: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    with os.fdopen(descriptor, "rb") as file:
        try:
            return file.read(_MOST_READ) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
        except OSError:
            return b""
