"""The kernel's list of mounts, in which users choose names."""

import pytest

from kubepki.disk.mounts import mount_points
from kubepki.disk.own import may_hang
from kubepki.disk.view import own_temporary

_ROOT = b"21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"


def test_names_of_any_bytes_are_read_as_they_are() -> None:
    """Blanks, line feeds and backslashes are written in octal; a carriage return ends no line."""
    line = b"99 21 0:44 / /home/a\\040b\\011\\012\\134\r\xff rw,nosuid - fuse.x a\rb rw,user_id=1000\n"
    assert mount_points(_ROOT + line) == ("/", "/home/a b\t\n\\\r\udcff")
    assert may_hang(_ROOT + line)
    assert not may_hang(_ROOT)


def test_what_is_no_line_is_passed_over() -> None:
    """There is none in the kernel's own list."""
    assert mount_points(b"\n\na b\n" + _ROOT) == ("/",)


TMP = "/tmp"  # noqa: S108 - as a table of mounts has it
_PRIVATE = "90 21 8:1 /tmp/systemd-private-0f-kubepki-exporter.service-x/tmp {} rw shared:1 - ext4 /dev/vda1 rw\n"


@pytest.mark.parametrize(
    ("path", "mounts", "found"),
    [
        (f"{TMP}/kubelet/pki", _PRIVATE.format(TMP), TMP),
        (f"/var{TMP}/kubelet", _PRIVATE.format(f"/var{TMP}"), f"/var{TMP}"),
        (f"{TMP}/kubelet", _PRIVATE.format(f"/var{TMP}"), None),
        (f"{TMP}files/kubelet", _PRIVATE.format(TMP), None),
        (f"{TMP}/kubelet", "90 21 0:44 / /tmp rw - tmpfs tmpfs rw\n", None),
        (f"{TMP}/kubelet", "a b\n\n", None),
        (f"{TMP}/kubelet", "", None),
    ],
)
def test_a_directory_of_temporary_files_of_the_units_own(path: str, mounts: str, found: str | None) -> None:
    """PrivateTmp=: what the host has there is hidden, and not gone."""
    assert own_temporary(path, mounts) == found
