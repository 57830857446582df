"""The questions about paths that may be asked of another process: plain values in, plain values out.

A call is `(name, path, *more)`. Its answer has only what marshal(3) of the standard library writes: no instance, so
that both sides agree by this module alone. `NO_ANSWER` stands for a path whose file system does not answer in time.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from kubepki.disk import files, unchanged
from kubepki.disk.located import Identity, Located, Looked, Mark
from kubepki.disk.real import real_path
from kubepki.disk.tree import Facts, Place, Trace, facts, trace
from kubepki.model import Fault, Reason

# ruff: noqa: ANN401 - what a call gives is of its own kind

Call = tuple[Any, ...]
NO_ANSWER = "no answer"
# Of many marks, in `("moved", path, marks)`, which are not as they were; a crew takes them one by one.
MOVED = "moved"
_FAULT_PARTS, _LOOK_PARTS = 2, 5


def perform(call: Call) -> Any:
    """Return the answer to *call*; it may take for ever where the file system does."""
    name, path, *more = call
    return _CALLS[name](path, *more)


def look_call(path: str, known: Identity | None, limit: int) -> Call:
    """Return the call that asks where *path* leads and for its content, unless that is the *known* one."""
    return ("look", path, None if known is None else tuple(known), limit)


def looked(answer: Any, path: str, known: Identity | None) -> Looked | Fault:
    """Return what the answer to a `look_call` says."""
    if answer is True and known is not None:
        return Looked(located=Located(resolved=path, is_link=False, identity=known))
    if len(answer) == _FAULT_PARTS:
        return _fault(answer)
    resolved, is_link, (device, *rest), data, fault = answer
    # Of many files, and so of few objects.
    identity = Identity(_shared(device), *rest)
    located = Located(resolved=path if resolved == path else resolved, is_link=is_link, identity=identity)
    return Looked(located=located, data=data, fault=fault and _fault(fault))


@lru_cache(maxsize=16)
def _shared(device: int) -> int:
    return device


def content_size(answer: Any) -> int:
    """Return how many bytes of a file an answer holds."""
    # Other answers are tuples of as many parts, too.
    is_look = type(answer) is tuple and len(answer) == _LOOK_PARTS and type(answer[3]) is bytes
    return len(answer[3]) if is_look else 0


Names = tuple[frozenset[str], bool] | Fault
Stamp = tuple[int, ...]


def moved_call(marks: Sequence[Mark]) -> Call:
    """Return the call that asks which of *marks* are not as they were."""
    return (MOVED, marks[0][0], marks)


def names_call(directory: str, by: tuple[Any, ...], known: Stamp | None) -> Call:
    """Return the call that asks for the names in *directory*, unless its stamp is the *known* one.

    *by* are the most names, their ends, what none begins with, and the end of those that are given all.
    """
    return ("names", directory, *by, known)


def names(answer: Any) -> tuple[Names, Stamp | None]:
    """Return what the answer to a `names_call` says: the names, whether there were more, and the directory's stamp."""
    return (_fault(answer), None) if answer[0] != "" else ((answer[1], answer[2]), answer[3])


def traced(answer: Any, path: str) -> Trace:
    """Return what the answer to a `trace` says; one that does not come is a refusal."""
    if answer == NO_ANSWER:
        return Trace(main=Place(directory=path), refusal=TimeoutError(0, "its file system does not answer"))
    main, turns, refusal = answer
    return Trace(
        main=Place(directory=main[0], name=main[1]),
        turns=tuple(Place(directory=directory, name=name) for directory, name in turns),
        refusal=refusal and OSError(*refusal),
    )


def told_facts(answer: Any) -> Facts | None:
    """Return what the answer to `facts` says of a directory; None where it is not there."""
    if answer == NO_ANSWER:
        return Facts(device=0, inode=0, remote="a file system that does not answer", own=False)
    return None if answer is None else Facts(*answer)


def _fault(pair: tuple[str, str]) -> Fault:
    return Fault(reason=Reason(pair[0]), detail=pair[1])


def _pair(fault: Fault) -> tuple[str, str]:
    return (str(fault.reason), fault.detail)


def _look(path: str, known: tuple[int, int, int, int, int] | None, limit: int) -> Any:
    found = files.look(path, None if known is None else Identity(*known), limit)
    if isinstance(found, Fault):
        return _pair(found)
    located = found.located
    if found.data is None and found.fault is None and not located.is_link:
        return True
    return (
        located.resolved,
        located.is_link,
        tuple(located.identity),
        found.data,
        found.fault and _pair(found.fault),
    )


def _names(  # noqa: PLR0913, PLR0917 - as `names_call` has it
    directory: str, limit: int, suffixes: tuple[str, ...], never: tuple[str, ...], first: str, known: Stamp | None
) -> Any:
    stamp = unchanged.listing_stamp(directory)
    if stamp is not None and stamp == known:
        return True

    def ours(name: str) -> bool:
        return name.lower().endswith(suffixes) and not name.startswith(never)

    found = files.list_names(directory, limit, ours=ours, first=lambda name: name.endswith(first))
    return _pair(found) if isinstance(found, Fault) else ("", *found, stamp)


def _moved(_path: str, marks: Sequence[Mark]) -> Any:
    return tuple(mark[0] for mark in marks if unchanged.has_moved(mark))


def _trace(path: str) -> Any:
    found = trace(path)
    refusal = found.refusal and (found.refusal.errno or 0, found.refusal.strerror or str(found.refusal))
    return (
        (found.main.directory, found.main.name),
        tuple((each.directory, each.name) for each in found.turns),
        refusal,
    )


def _facts(directory: str) -> Any:
    found = facts(directory)
    return found and tuple(found)


_CALLS: Mapping[str, Callable[..., Any]] = {
    "look": _look,
    "names": _names,
    "entries": lambda path, directories, follow: files.entry_names(path, directories=directories, follow=follow),
    "exists": files.exists,
    "file": files.is_file,
    "listed": files.is_listed,
    "kind": files.kind,
    "identity": files.identity,
    "changed": files.changed,
    "real": real_path,
    "links": files.link_places,
    "trace": _trace,
    "facts": _facts,
    "guard": files.guard,
    MOVED: _moved,
}
