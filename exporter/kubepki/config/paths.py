"""Paths and globs as text: made absolute, never resolved, for a link's own name is what is watched.

Rules of this module: pure functions of text; nothing is looked at on the disk.
"""

import fnmatch
import re

_WILDCARD = re.compile(r"[*?[]")


def is_glob(text: str) -> bool:
    """Return whether *text* holds a wildcard: `*`, `?` or `[`."""
    return _WILDCARD.search(text) is not None


def escape_glob(path: str) -> str:
    """Return the glob that finds *path* alone."""
    return _WILDCARD.sub(r"[\g<0>]", path)


def covers(pattern: str, path: str) -> bool:
    """Return whether the glob *pattern*, `**` included, would find the file *path* if there were one."""
    return _covers(pattern.split("/"), path.split("/"))


def matches_any(patterns: tuple[str, ...], path: str) -> bool:
    """Return whether one of *patterns* covers *path*, or names a directory above it.

    No wildcard, names beginning with a dot included, is special. What ends in one means nothing below what it finds.
    """
    return any(covers(pattern, path) or _is_above(pattern, path) for pattern in patterns)


def _is_above(pattern: str, path: str) -> bool:
    return not is_glob(pattern.rpartition("/")[2]) and covers(f"{pattern}/**", path)


def _covers(pattern: list[str], components: list[str]) -> bool:
    # How many of the components what came before may have taken: all ways at once, for each `**` multiplies them.
    taken = {0}
    for position, part in enumerate(pattern):
        left = [each for each in taken if each < len(components)]
        if part == "**":
            if position == len(pattern) - 1:
                return bool(left)
            taken = set(range(min(left), len(components))) if left else set()
        else:
            taken = {each + 1 for each in left if fnmatch.fnmatchcase(components[each], part)}
    return len(components) in taken


def absolute(text: str, base: str) -> str:
    """Return *text* as an absolute path, taken from the absolute directory *base* where it is relative.

    Empty and `.` components go, so that one file has one name; `..` stays, because behind a link it leads elsewhere
    than the text says. Raises ValueError where *text* is no path.
    """
    if not text:
        msg = "expected a path"
        raise ValueError(msg)
    if "\0" in text or not _is_file_name(text):
        msg = "expected a path without NUL bytes and lone surrogates"
        raise ValueError(msg)
    if text == "~" or text.startswith("~/"):
        msg = "expected a path written in full: ~ is not expanded"
        raise ValueError(msg)
    joined = text if text.startswith("/") else f"{base}/{text}"
    return "/" + "/".join(part for part in joined.split("/") if part not in {"", "."})


def _is_file_name(text: str) -> bool:
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True
