"""Reads the files that the operator names for us: configuration, password, web configuration, CAs of clocks.

Whatever lies there, it takes a moment: a pipe, a device and a huge file are refused at once. Where a mount of this
host's could hang, a process of its own looks, so that a dead one holds up neither a command nor a reload.
"""

from collections.abc import Sequence
from typing import Any

from kubepki.disk import calls
from kubepki.disk.calls import NO_ANSWER, Call
from kubepki.disk.disk import Disk
from kubepki.disk.located import Looked
from kubepki.disk.mounts import mount_table
from kubepki.model import Fault, Reason
from kubepki.settings import ConfigError

PATIENCE_SECONDS = 2.0
# proc_pid_mountinfo(5) names them; all others may wait for another host or for a daemon.
# fmt: off
_LOCAL = frozenset((
    "bcachefs", "binfmt_misc", "bpf", "btrfs", "cgroup", "cgroup2", "configfs", "cramfs", "debugfs", "devpts",
    "devtmpfs", "ecryptfs", "efivarfs", "erofs", "exfat", "ext2", "ext3", "ext4", "f2fs", "fusectl", "hugetlbfs",
    "iso9660", "jfs", "mqueue", "nilfs2", "nsfs", "ntfs3", "overlay", "proc", "pstore", "ramfs", "reiserfs",
    "rpc_pipefs", "securityfs", "selinuxfs", "squashfs", "sysfs", "tmpfs", "tracefs", "udf", "vfat", "xfs", "zfs",
))
# fmt: on
# systemd mounts this one on every host, and nothing of ours is there.
_KNOWN_AUTOMOUNT = "/proc/sys/fs/binfmt_misc"
_OPENED_BY = (
    "`kubepki-exporter unit-paths` with the service's flags writes the drop-in that shows it; for a key use "
    "LoadCredential=, see docs/security.md"
)


class AskedNow:
    """An `Asked` for a few questions of a command or of a reload: here where nothing can hang, else in a process."""

    seconds = PATIENCE_SECONDS

    def ask(self, batch: Sequence[Call]) -> Sequence[Any]:
        """Return one answer for each call of *batch*."""
        if not looks_elsewhere():
            return [calls.perform(each) for each in batch]
        from kubepki.disk.process import LookingFailedError, LookingProcess  # noqa: PLC0415 - few hosts need it here
        from kubepki.disk.start import StartFailedError  # noqa: PLC0415 - as above

        process = LookingProcess(seconds=self.seconds)
        try:
            return process.ask(batch)
        except StartFailedError:
            return [calls.perform(each) for each in batch]
        except LookingFailedError:
            return [NO_ANSWER] * len(batch)
        finally:
            process.close()

    def close(self) -> None:
        """Nothing is kept."""


def read_own(path: str, limit: int, *, what: str = "", where: str | None = None, hint: str = "") -> bytes:
    """Return the content of the regular file at the absolute *path*, which has at most *limit* bytes.

    Raises ConfigError otherwise: *what* begins its text, *where* is its place (the path), *hint* what to do where the
    reason does not say it. One that the service's unit hides is told apart from one that is not there.
    """
    outcome = Disk(AskedNow()).look([(path, None)], limit)[0]
    if isinstance(outcome, Looked) and outcome.data is not None:
        return outcome.data
    fault = outcome if isinstance(outcome, Fault) else outcome.fault
    assert fault is not None  # noqa: S101 - a look gives content or says why not
    beginning = f"{what} " if what else ""
    place = path if where is None else where
    if fault.reason is Reason.HIDDEN:
        text = f"{beginning}cannot be read: the service's unit hides it"
        raise ConfigError(text, where=place, hint=_OPENED_BY)
    if fault.reason is Reason.TOO_LARGE:
        text = f"{beginning}cannot be read: it is larger than {limit >> 10} KiB"
        raise ConfigError(text, where=place, hint=hint)
    if fault.reason is Reason.MISSING:
        text = f"{beginning}cannot be read: No such file or directory"
        raise ConfigError(text, where=place, hint=hint)
    if fault.reason is Reason.TOO_COSTLY:
        text = f"{beginning}cannot be read: its file system did not answer in time"
        raise ConfigError(text, where=place, hint="see whether a network or FUSE mount is dead")
    text = f"{beginning}cannot be read: {fault.detail}"
    raise ConfigError(text, where=place, hint=hint)


def own_identities(paths: Sequence[str]) -> tuple[tuple[int, ...] | None, ...]:
    """Return for each of *paths* what tells one content from another; None where there is none, or no answer."""
    answers = AskedNow().ask([("identity", path) for path in paths])
    return tuple(None if each == NO_ANSWER else each for each in answers)


def looks_elsewhere() -> bool:
    """Return whether a process of its own looks at what the operator names, for a mount of this host could hang."""
    return may_hang(mount_table())


def may_hang(mountinfo: bytes) -> bool:
    """Return whether what *mountinfo* (proc_pid_mountinfo(5)) lists holds a file system that may not answer."""
    for line in mountinfo.split(b"\n"):
        before, _, after = line.partition(b" - ")
        fields = before.split(b" ")
        kind = after.partition(b" ")[0].decode("ascii", "replace")
        if kind == "autofs" and fields[4:5] == [_KNOWN_AUTOMOUNT.encode()]:
            continue
        if after and kind not in _LOCAL:
            return True
    return False
