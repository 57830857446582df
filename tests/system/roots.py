"""Trees of Debian releases that can boot, made by debootstrap and kept for every clone in the user's cache."""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import cache
from tests.support.exclusive import exclusive

ROOT = Path(__file__).resolve().parent.parent.parent
CACHE = cache.CACHE / "system"
BOOT_PACKAGES = ("systemd", "systemd-sysv", "dbus")
# What a machine may install without a network: the packages' dependencies, kept in its own apt cache.
DOWNLOADED = {
    "bookworm": ("ansible-core", "python3-apt"),
    "trixie": ("python3-venv",),
}
DEPENDENCIES = (
    "ca-certificates",
    "python3-bcrypt",
    "python3-cryptography",
    "python3-prometheus-client",
    "python3-watchdog",
    "python3-yaml",
)


def mirror() -> str:
    """Return the mirror of Debian's main archive that this host's own apt uses; AssertionError where it has none."""
    listing = _output(
        "apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)", "Created-By: Packages"
    )
    for line in listing.splitlines():
        origin, label, component, uri = line.split("|", 3)
        if (origin, label, component) == ("Debian", "Debian", "main"):
            return uri.rstrip("/")
    msg = "apt on this host knows no mirror of Debian; run apt-get update on a Debian host"
    raise AssertionError(msg)


def base_root(release: str) -> Path:
    """Return a pristine tree of *release*, made when it is not there yet; copy it before booting."""
    downloads = (*DEPENDENCIES, *DOWNLOADED[release])
    key = hashlib.sha256("\n".join((release, *BOOT_PACKAGES, "", *downloads)).encode()).hexdigest()[:12]
    with made(CACHE / f"{release}-{key}") as (root, part):
        if part:
            include = f"--include={','.join(BOOT_PACKAGES)}"
            _output("debootstrap", "--variant=minbase", include, release, str(part), mirror())
            install = ("apt-get", "install", "-y", "--no-install-recommends", "--download-only")
            _output("chroot", str(part), "apt-get", "update")
            _output("chroot", str(part), *install, *downloads)
    return root


def bare_root(release: str) -> Path:
    """Return a tree of *release* with what every Debian has, and no Python; to be read, not to be written."""
    if release in DOWNLOADED:
        return base_root(release)
    with made(CACHE / f"{release}-bare") as (root, part):
        if part:
            _output("debootstrap", "--variant=minbase", release, str(part), mirror())
    return root


def copy_root(release: str, directory: Path) -> Path:
    """Return a private copy of the tree of *release* below *directory*."""
    copy = directory / release
    _output("cp", "-a", "--reflink=auto", str(base_root(release)), str(copy))
    return copy


@contextmanager
def made(root: Path) -> Iterator[tuple[Path, Path | None]]:
    """Yield *root* and, where it is not there, what becomes it when the block ends well; one process at a time."""
    with exclusive(root.name, directory=root.parent):
        if root.is_dir():
            yield root, None
            return
        part = root.with_suffix(".part")
        if part.exists():
            _unmounted(part)
            shutil.rmtree(part)
        yield root, part
        part.rename(root)


def _unmounted(tree: Path) -> None:
    """Unmount what a debootstrap that was ended left mounted below *tree*."""
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()]
    for mount in sorted((mount for mount in mounts if mount.startswith(f"{tree}/")), reverse=True):
        _output("umount", mount)


def _output(*command: str) -> str:
    """Return what *command* printed; AssertionError with the end of its output when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    if done.returncode:
        tail = re.sub(r"\s*\n", "\n", done.stdout + done.stderr)[-2000:]
        msg = f"{' '.join(command)} failed with status {done.returncode}:\n{tail}"
        raise AssertionError(msg)
    return done.stdout
