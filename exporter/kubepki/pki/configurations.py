"""Kubeconfigs and the configurations of components -> what they say; each parsed when it is new."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from kubepki.disk.disk import Disk
from kubepki.disk.located import Located
from kubepki.formats.components import Component
from kubepki.formats.kubeconfig import Kubeconfig as KubeconfigContent
from kubepki.model import Fault, Link, Reason
from kubepki.pki.content import Content, ContentCache, New
from kubepki.pki.kubeconfigs import LoadedKubeconfig
from kubepki.pki.parsing import Parser, TooCostlyError, too_costly
from kubepki.settings import Kubeconfig


class Configurations:
    """Loads what is YAML; keeps what was parsed of files that are still the same. For one thread at a time.

    *parsed* are the paths of what is being parsed, for who asks.
    """

    def __init__(
        self, disk: Disk, parser: Parser, *, limit: int, boottime: Callable[[], float], parsed: list[str]
    ) -> None:
        self._parser = parser
        self._parsed = parsed
        self._kubeconfigs: ContentCache[KubeconfigContent] = ContentCache(
            self._parse_kubeconfigs, disk=disk, limit=limit, boottime=boottime
        )
        self._components: ContentCache[Component] = ContentCache(
            self._parse_components, disk=disk, limit=limit, boottime=boottime
        )

    def begin(self, *, reread: bool) -> None:
        """Start a scan; with *reread*, nothing that was parsed before is trusted."""
        self._kubeconfigs.begin(reread=reread)
        self._components.begin(reread=reread)

    def forget_leftovers(self) -> None:
        """Forget former contents of files, where they are many."""
        self._kubeconfigs.forget(())
        self._components.forget(())

    @property
    def unsettled(self) -> set[str]:
        """The paths of files that were last read within a tick of their last change."""
        return self._kubeconfigs.unsettled | self._components.unsettled

    def kubeconfigs(self, wanted: Sequence[Kubeconfig]) -> list[LoadedKubeconfig]:
        """Return what each kubeconfig says; nothing for an optional one that is not there."""
        found = self._kubeconfigs.load([(each.path, "") for each in wanted])
        loaded = []
        for each, content in zip(wanted, found, strict=True):
            if not isinstance(content, Fault):
                loaded.append(_kubeconfig(each.path, content))
            elif not each.optional or content.reason is not Reason.MISSING:
                loaded.append(LoadedKubeconfig(path=each.path, fault=content))
        return loaded

    def components(self, paths: Sequence[str]) -> dict[str, Component]:
        """Return what each configuration of a component names; nothing of one that cannot be read."""
        found = self._components.load([(path, "") for path in paths])
        return {
            path: content.parsed
            for path, content in zip(paths, found, strict=True)
            if not isinstance(content, Fault) and content.parsed is not None
        }

    def _parse_kubeconfigs(self, files: Iterable[New]) -> Iterator[KubeconfigContent]:
        return map(self._parse_kubeconfig, files)

    def _parse_kubeconfig(self, file: New) -> KubeconfigContent:
        self._parsed[:] = [file.path]
        try:
            return self._parser.read_kubeconfig(file.data)
        except TooCostlyError as error:
            return KubeconfigContent(faults=(too_costly(error),))

    def _parse_components(self, files: Iterable[New]) -> Iterator[Component]:
        return map(self._parse_component, files)

    def _parse_component(self, file: New) -> Component:
        self._parsed[:] = [file.path]
        try:
            return self._parser.read_component(file.data)
        except TooCostlyError:
            return Component()


def _kubeconfig(path: str, content: Content[KubeconfigContent]) -> LoadedKubeconfig:
    located = content.located
    return LoadedKubeconfig(
        path=path,
        resolved=located.resolved,
        inode=(located.identity.device, located.identity.inode),
        content=content.parsed,
        fault=content.fault,
        link=_plain_link(located),
    )


def _plain_link(located: Located) -> Link | None:
    if not located.is_link:
        return None
    return Link(target=located.resolved, target_mtime=located.identity.mtime, target_name_time=None)
