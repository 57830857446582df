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
    components = tuple(pattern.removeprefix(base).strip("/").split("/"))
    # A stack and no recursion, for directories may be nested deeper than Python's calls; and each directory once for
    # each rest of the pattern, for several `**` would meet it in many ways.
    waiting = [(base, components)]
    seen = set(waiting)

    def visit(directory: str, rest: tuple[str, ...]) -> None:
        if (directory, rest) not in seen:
            seen.add((directory, rest))
            waiting.append((directory, rest))

    found: set[str] = set()
    while waiting:
        directory, (first, *further) = waiting.pop()
        rest = tuple(further)
        if first == "**":
            below = _names(directory, directories=True, follow=False)
            for name in reversed([name for name in below if not name.startswith(".")]):
                visit(_join(directory, name), (first, *rest))
            visit(directory, rest or ("*",))
            continue
        match = re.compile(fnmatch.translate(first)).match
        names = [
            name
            for name in _names(directory, directories=bool(rest), follow=True)
            if match(name) and (first.startswith(".") or not name.startswith("."))
        ]
        if rest:
            for name in reversed(names):
                visit(_join(directory, name), rest)
            continue
        for path in (_join(directory, name) for name in names):
            if path not in found:
                found.add(path)
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
