"""The kernel's list of mounts, in which users choose names."""

from kubepki.disk.crew import mount_points
from kubepki.disk.own import may_hang

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
