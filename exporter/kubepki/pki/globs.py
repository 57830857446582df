"""Finds the files of a glob with `*`, `?`, `[…]` within a component and `**` across components.

As in a shell, a wildcard does not find a name that begins with a dot.
"""

import fnmatch
import os
import re
from collections.abc import Iterator

_MAGIC = re.compile(r"[*?[]")


def base_directory(pattern: str) -> str:
    """Return the directory below which *pattern* can match: its components before the first wildcard and the name."""
    literal = []
    for component in pattern.split("/")[:-1]:
        if _MAGIC.search(component):
            break
        literal.append(component)
    return "/".join(literal) or "/"


def matches(pattern: str) -> Iterator[str]:
    """Yield the paths of files that *pattern* matches; links to directories are not followed by `**`.

    What cannot be listed is passed over: a glob is never expected.
    """
    base = base_directory(pattern)
    rest = pattern.removeprefix(base).strip("/").split("/")
    yield from _below(base, rest)


def _below(directory: str, components: list[str]) -> Iterator[str]:
    first, *rest = components
    if first == "**":
        yield from _below(directory, rest or ["*"])
        for name in _names(directory, directories=True, follow=False):
            if name.startswith("."):
                continue
            yield from _below(_join(directory, name), components)
        return
    match = re.compile(fnmatch.translate(first)).match
    for name in _names(directory, directories=bool(rest), follow=True):
        if match(name) and (first.startswith(".") or not name.startswith(".")):
            path = _join(directory, name)
            if rest:
                yield from _below(path, rest)
            else:
                yield path


def _names(directory: str, *, directories: bool, follow: bool) -> list[str]:
    try:
        with os.scandir(directory) as entries:
            return sorted(entry.name for entry in entries if _is_directory(entry, follow=follow) is directories)
    except OSError:
        return []


def _is_directory(entry: os.DirEntry[str], *, follow: bool) -> bool:
    try:
        return entry.is_dir(follow_symlinks=follow)
    except OSError:
        return False


def _join(directory: str, name: str) -> str:
    return f"{directory.rstrip('/')}/{name}"
