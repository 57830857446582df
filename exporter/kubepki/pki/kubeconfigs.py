"""What a kubeconfig that was read means for the snapshot. Pure."""

import posixpath
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass

from kubepki.config.paths import absolute
from kubepki.formats.kubeconfig import Kubeconfig, ReferenceKind
from kubepki.formats.parsed import Parsed, key_match
from kubepki.model import Certificate, Fault, Link, PathState, Reason, Standing, Usage
from kubepki.pki import layout
from kubepki.pki.states import Loaded, ordered
from kubepki.pki.wanted import Content, Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedKubeconfig:
    """A kubeconfig's path and its content, or the fault that kept it from being read; `inode` is its file's."""

    path: str
    resolved: str | None = None
    inode: tuple[int, int] | None = None
    content: Kubeconfig | None = None
    fault: Fault | None = None
    link: Link | None = None

    def resolve(self, reference: str) -> str | None:
        """Return a path that the kubeconfig names, None for one that is none.

        A relative one is taken from the kubeconfig's own directory and its `..` as text, as client-go's
        clientcmd.ResolvePaths does.
        """
        try:
            path = absolute(reference, self.path.rpartition("/")[0] or "/")
        except ValueError:
            return None
        return path if reference.startswith("/") else posixpath.normpath(path)


def one_for_each_file(kubeconfigs: list[LoadedKubeconfig]) -> list[LoadedKubeconfig]:
    """Return *kubeconfigs* without those that lead to a file that another one of them is, or leads to."""
    chosen: dict[object, LoadedKubeconfig] = {}
    for each in sorted(kubeconfigs, key=lambda each: (each.path != each.resolved, each.path)):
        chosen.setdefault(each.inode or each.path, each)
    kept = {each.path for each in chosen.values()}
    return [each for each in kubeconfigs if each.path in kept]


# A kubelet's names three files; what names more than this names them to be a burden.
MAX_REFERENCES = 1_000


def wanted_by(kubeconfig: LoadedKubeconfig) -> Iterator[Wanted]:
    """Yield the paths that a kubeconfig names, a certificate together with its key.

    Those of its current context are expected; what it names for others is told where it is, and nobody presents it.
    """
    if kubeconfig.content is None:
        return
    for reference in kubeconfig.content.references[:MAX_REFERENCES]:
        path = kubeconfig.resolve(reference.path)
        if path is None:
            continue
        unread = reference.unread
        if reference.kind is not ReferenceKind.KEY:
            key_path = _paired_key(kubeconfig, reference.entry, path)
            yield Wanted(path=path, expected=not unread, key_path=key_path, superseded=unread, component=True)
        elif not unread:
            yield Wanted(path=path, expected=True, content=Content.KEY, component=True)


def link_directories(kubeconfig: LoadedKubeconfig) -> Iterator[str]:
    """Yield the directories of the `-current.pem` links that a kubeconfig's current user names.

    That is where the kubelet's `--cert-dir` is, and where it keeps the files that could replace a link's target.
    """
    for reference in kubeconfig.content.references[:MAX_REFERENCES] if kubeconfig.content else ():
        path = kubeconfig.resolve(reference.path)
        if path is None or reference.unread or reference.kind is not ReferenceKind.CERTIFICATE:
            continue
        directory, _, name = path.rpartition("/")
        if layout.current_prefix(name) is not None:
            yield directory or "/"


def client_links(loaded: Iterable[Loaded]) -> list[Loaded]:
    """Return the current links that hold a certificate of a client, ordered by path."""
    return sorted(filter(_is_client_link, loaded), key=lambda each: each.path)


def token_file(kubeconfig: LoadedKubeconfig) -> str | None:
    """Return the file that client-go has to read for the token of the user who is presented; None for none.

    None, too, for a kubeconfig without any certificate, which is none of our business.
    """
    content = kubeconfig.content
    if content is None or not (content.parsed or content.references):
        return None
    user = content.current_user
    return kubeconfig.resolve(user.token_path) if user and user.token_path else None


def kubeconfig_state(
    kubeconfig: LoadedKubeconfig, loaded: Mapping[str, Loaded], links: list[Loaded], absent: Container[str] = ()
) -> PathState:
    """Return the state of a kubeconfig, with the comparison of its user to the current client *links*.

    *absent* are the token files that are not there, or directories.
    """
    content = kubeconfig.content
    faults = [kubeconfig.fault] if kubeconfig.fault else []
    if content is None:
        return PathState(path=kubeconfig.path, standing=Standing.CURRENT, faults=ordered(faults), link=kubeconfig.link)
    faults += content.faults
    if token_file(kubeconfig) in absent and not content.faults:
        faults.append(
            Fault(reason=Reason.REFUSED, detail="client-go refuses it: its tokenFile is not there, or a directory")
        )
    if content.has_wrong_key or _has_wrong_half(kubeconfig, content, loaded):
        faults.append(Fault(reason=Reason.KEY_MISMATCH, detail="a user's private key is not the certificate's"))
    faults += [*_stale(content, links), *_diverged(kubeconfig, content, links, loaded)]
    return PathState(
        path=kubeconfig.path,
        standing=Standing.CURRENT,
        certificates=content.embedded,
        key_match=content.key_match,
        faults=ordered(faults),
        link=kubeconfig.link,
        omitted=content.omitted + max(0, len(content.references) - MAX_REFERENCES),
    )


def _has_wrong_half(kubeconfig: LoadedKubeconfig, content: Kubeconfig, loaded: Mapping[str, Loaded]) -> bool:
    """Return whether a user who is presented has one's certificate and another one's key, in data or in files.

    A file's own state tells of the key that is read with it; here it is of another key, by another user.
    """

    def named(path: str | None) -> Loaded | None:
        return loaded.get(kubeconfig.resolve(path) or "") if path is not None else None

    for user in content.presented:
        certificate, key = named(user.certificate_path), named(user.key_path)
        if user.key is not None and certificate is not None and certificate.leaf is not None:
            wrong = _is_wrong(certificate.leaf.spki_sha256, user.key)
        elif user.leaf is not None and key is not None and key.parsed is not None:
            wrong = _is_wrong(user.leaf.spki_sha256, key.parsed)
        elif certificate is not None and certificate.leaf is not None and key is not None and key.parsed is not None:
            told = certificate.wanted.key_path in {None, key.path} or certificate is key
            wrong = not told and _is_wrong(certificate.leaf.spki_sha256, key.parsed)
        else:
            continue
        if wrong:
            return True
    return False


def _is_wrong(leaf_spki: str, key: Parsed) -> bool:
    # Go takes the first private key that it finds.
    if key.consumed is not None and key.consumed.key is not None:
        return bool(leaf_spki) and key.consumed.key != leaf_spki
    return key_match(leaf_spki, key) is False


def _paired_key(kubeconfig: LoadedKubeconfig, entry: str, certificate_path: str) -> str | None:
    for reference in kubeconfig.content.references if kubeconfig.content else ():
        if reference.kind is ReferenceKind.KEY and reference.entry == entry:
            path = kubeconfig.resolve(reference.path)
            return None if path == certificate_path else path
    return None


def _is_client_link(loaded: Loaded) -> bool:
    leaf = loaded.leaf
    return (
        leaf is not None
        and layout.current_prefix(loaded.name) is not None
        and leaf.certificate.usage in {Usage.CLIENT, Usage.PEER}
    )


def _stale(content: Kubeconfig, links: list[Loaded]) -> Iterator[Fault]:
    """Yield a fault for a user who embeds an older certificate than the current link of the same subject holds."""
    for user in content.presented:
        for link in links:
            if user.leaf and link.leaf and _is_older(user.leaf.certificate, link.leaf.certificate):
                detail = f"user {user.name} embeds an older certificate than {link.path} holds"
                yield Fault(reason=Reason.KUBECONFIG_STALE, detail=detail)


def _diverged(
    kubeconfig: LoadedKubeconfig, content: Kubeconfig, links: list[Loaded], loaded: Mapping[str, Loaded]
) -> Iterator[Fault]:
    """Yield a fault for a user who names another file than the current link of the same subject leads to."""
    for reference in content.references:
        named = loaded.get(kubeconfig.resolve(reference.path) or "")
        if reference.unread or reference.kind is not ReferenceKind.CERTIFICATE or named is None:
            continue
        for link in links:
            if _is_another_file(named, link):
                detail = f"{reference.entry} names {named.path}, and {link.path} leads to another file"
                yield Fault(reason=Reason.KUBECONFIG_DIVERGED, detail=detail)


def _is_older(embedded: Certificate, current: Certificate) -> bool:
    return embedded.subject == current.subject and embedded.not_before < current.not_before


def _is_another_file(named: Loaded, link: Loaded) -> bool:
    if named.located is None or link.located is None or named.leaf is None or link.leaf is None:
        return False
    same_file = named.located.identity == link.located.identity
    return not same_file and named.leaf.certificate.subject == link.leaf.certificate.subject
