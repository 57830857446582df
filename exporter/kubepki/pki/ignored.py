"""What the operator leaves out: a file, by whichever name it is known."""

from collections.abc import Collection, Iterable, Mapping

from kubepki.config.paths import matches_any
from kubepki.disk.disk import Disk
from kubepki.pki import layout
from kubepki.pki.states import Loaded


class Ignored:
    """The files that globs (`--pki.ignore`) leave out, whoever names them."""

    def __init__(self, patterns: tuple[str, ...], disk: Disk) -> None:
        self._patterns = patterns
        self._disk = disk

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def among(self, paths: Iterable[str]) -> frozenset[str]:
        """Return those of *paths* that are left out: a directory may have several names, of which one is enough."""
        if not self._patterns:
            return frozenset()
        paths = tuple(paths)
        places = self._places(paths)
        out = {places[path] for path in paths if self._covers(path) or self._covers(places[path])}
        return frozenset(path for path in paths if places[path] in out)

    def linked(self, loaded: Mapping[str, Loaded], left_out: Collection[str]) -> frozenset[str]:
        """Return the links among *loaded* that lead to what is left out, as *left_out* is; but for a rotation's."""
        if not self._patterns:
            return frozenset()
        out = frozenset(self._places(left_out).values())
        return frozenset(
            path
            for path, each in loaded.items()
            if each.located is not None and each.located.is_link and not layout.is_of_rotation(each.name)
            if each.located.resolved in out or self._covers(each.located.resolved)
        )

    def _places(self, paths: Collection[str]) -> dict[str, str]:
        """Return each of *paths* with the links of its directory resolved."""
        real = self._disk.real_directories(sorted({_parent(path) for path in paths}))
        return {path: f"{real[_parent(path)].rstrip('/')}/{path.rpartition('/')[2]}" for path in paths}

    def _covers(self, path: str) -> bool:
        return matches_any(self._patterns, path)


def _parent(path: str) -> str:
    return path.rpartition("/")[0] or "/"
