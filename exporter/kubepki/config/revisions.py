"""Which of the copies that replace each other are in use, by their paths alone. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable

_STAGING = "staging"
_REVISIONED = re.compile(r"(?P<name>.+)-(?P<revision>[0-9]{1,18})")


def newest_revisions(paths: Iterable[str], roots: Iterable[str]) -> frozenset[str]:
    """Return those of *paths* that are live: not below an older revision of a directory of the revisioned *roots*.

    Below a root, `NAME-7/…` is older than `NAME-8/…`; only revisions of which *paths* holds a file count, so that one
    that is still being written does not hide the one in use. What lies in `staging` there is being written, or is what
    was replaced and a power cut left (library-go, atomicdir): never live. Everything else is live.
    """
    prefixes = tuple(f"{root}/" for root in roots)
    live: set[str] = set()
    revisions: defaultdict[str, defaultdict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for path in paths:
        prefix = next(filter(path.startswith, prefixes), None)
        directory, _, below = path.removeprefix(prefix).partition("/") if prefix else ("", "", "")
        if _STAGING in below.split("/")[:-1]:
            continue
        match = _REVISIONED.fullmatch(directory) if below else None
        if match:
            revisions[f"{prefix}{match['name']}"][int(match["revision"])].add(path)
        else:
            live.add(path)
    return frozenset(live.union(*(found[max(found)] for found in revisions.values())))
