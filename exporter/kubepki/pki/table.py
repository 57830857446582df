"""All that is loaded, and what follows of each file by itself: kept, so that a change costs what has changed.

Most files of a large host are plain: nothing else on the host changes what is published of them, nor they what is
published of others. Pure.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from kubepki.formats.parsed import Parsed
from kubepki.model import PathState, Standing, Usage
from kubepki.pki import layout
from kubepki.pki.issued import Issued, issued
from kubepki.pki.states import Loaded, key_path
from kubepki.pki.wanted import Content

T = TypeVar("T")


class Table:
    """What is loaded, by path; changed by `become` only.

    *state* gives the state of a path by itself, *plain* tells whether it is what is published.
    """

    def __init__(
        self,
        state: Callable[[Loaded, Standing], PathState | None],
        plain: Callable[[Loaded], bool] | None = None,
    ) -> None:
        self._state = state
        self._is_plain = plain or is_plain
        self.loaded: Mapping[str, Loaded] = {}
        # All that is not plain.
        self.special: dict[str, Loaded] = {}
        # For each separate key file, be it there or not, the paths that it belongs to.
        self.keys: dict[str, frozenset[str]] = {}
        # In how many plain files each issuer and each directory occurs; `presented` are those of current ones.
        self.issuers: Counter[str] = Counter()
        self.presented: Counter[Issued] = Counter()
        self._directories: Counter[str] = Counter()
        self._states: dict[str, PathState] = {}
        # Of files with one path, that path; of files with several, all of them. There may be as many as files.
        self._inodes: dict[int, str] = {}
        self._shared: dict[int, set[str]] = {}

    def become(self, loaded: Mapping[str, Loaded], changed: Collection[str] | None = None) -> None:
        """Hold *loaded* from now on; what differs is among *changed*, where given."""
        former, self.loaded = self.loaded, loaded
        known = former.get
        if changed is None:
            changed = {path for path, each in loaded.items() if known(path) is not each}
            changed |= former.keys() - loaded.keys()
        # In order, for then the states are nearly in that of a snapshot.
        for path in sorted(changed):
            old, new = known(path), loaded.get(path)
            if old is new:
                continue
            if old is not None:
                self._remove(old)
            if new is not None:
                self._add(path, new)

    def parted(self, entangled: Collection[str]) -> tuple[dict[str, Loaded], dict[str, PathState]]:
        """Return what is to be judged together, and the states of all plain files that need no judgement.

        *entangled* are paths that something else is known by, too; what has several paths is judged together.
        """
        together = dict(self.special)
        states = dict(self._states)
        for path in {*entangled, *(path for paths in self._shared.values() for path in paths)} & states.keys():
            together[path] = self.loaded[path]
            del states[path]
        return together, states

    def same_files(self, paths: Collection[str]) -> set[str]:
        """Return *paths* with all other paths of the same files."""
        found = set(paths)
        for inode in {_inode(self.loaded.get(path)) for path in paths}:
            found |= self._shared.get(inode, set()) if inode is not None else set()
        return found

    def directories(self) -> set[str]:
        """Return the directories of all that is loaded."""
        return {*self._directories, *(each.directory for each in self.special.values())}

    def _add(self, path: str, each: Loaded) -> None:
        inode = _inode(each)
        if inode is not None:
            if inode in self._inodes:
                self._shared[inode] = {self._inodes.pop(inode)}
            if inode in self._shared:
                self._shared[inode].add(path)
            else:
                self._inodes[inode] = path
        if (key := key_path(each)) is not None:
            self.keys[key] = self.keys.get(key, frozenset()) | {path}
        state = self._state(each, _standing(each)) if self._is_plain(each) else None
        if state is None or each.leaf is None:
            self.special[path] = each
            return
        self._states[path] = state
        self._directories[each.directory] += 1
        self.issuers[each.leaf.certificate.issuer] += 1
        if not each.wanted.superseded:
            self.presented[issued(each.leaf)] += 1

    def _remove(self, each: Loaded) -> None:
        path = each.path
        inode = _inode(each)
        if inode is not None:
            self._inodes.pop(inode, None)
            paths = self._shared.get(inode, set())
            paths.discard(path)
            if len(paths) == 1:
                self._inodes[inode] = paths.pop()
                del self._shared[inode]
        if (key := key_path(each)) is not None:
            _take(self.keys, key, path)
        if self.special.pop(path, None) is None and each.leaf is not None:
            del self._states[path]
            _count_down(self._directories, each.directory)
            _count_down(self.issuers, each.leaf.certificate.issuer)
            if not each.wanted.superseded:
                _count_down(self.presented, issued(each.leaf))


def is_plain(each: Loaded) -> bool:
    """Return whether nothing else on the host changes what is published of *each*, unless it has another path, too.

    That is a whole leaf without any CA, under its own name, which nothing expects and which is no part of a rotation.
    """
    wanted, parsed = each.wanted, each.parsed
    if each.located is None or each.located.is_link or each.leaf is None or parsed is None:
        return False
    if wanted.expected or wanted.key_path is not None or wanted.content is not Content.CERTIFICATE:
        return False
    if each.fault is not None or each.anchor is not None or each.key_unread or parsed.faults:
        return False
    if layout.is_of_rotation(each.name):
        return False
    return not any(_may_be_authority(content) for content in (parsed, each.key) if content is not None)


def _may_be_authority(parsed: Parsed) -> bool:
    certificates = (each.certificate for each in parsed.certificates)
    return any(each.usage is Usage.CA or each.subject == each.issuer for each in certificates)


def _standing(each: Loaded) -> Standing:
    return Standing.SUPERSEDED if each.wanted.superseded else Standing.CURRENT


def _inode(each: Loaded | None) -> int | None:
    """Return the device and the inode of a file as one number, which takes less memory than a pair."""
    if each is None or each.located is None:
        return None
    identity = each.located.identity
    return identity.device << 64 | identity.inode


def _take(table: dict[str, frozenset[str]], key: str, path: str) -> None:
    left = table.get(key, frozenset()) - {path}
    if left:
        table[key] = left
    else:
        table.pop(key, None)


def _count_down(counter: Counter[T], key: T) -> None:
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]
