"""What a kubeconfig says about certificates (client-go's tools/clientcmd/api/v1/types.go). Pure; values only."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from kubepki.formats.go_url import server_url
from kubepki.formats.parsed import Parsed, ParsedCertificate, key_match
from kubepki.model import Certificate, Fault


class ReferenceKind(StrEnum):
    """What a kubeconfig expects in a file that it names."""

    CERTIFICATE = "certificate"
    KEY = "key"
    CA = "ca"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A file that a kubeconfig names; `path` is as written, relative ones are relative to the kubeconfig.

    `unread` means that its user or its cluster is none of the current context's: client-go reads the others' files only
    where it is told to take another context.
    """

    entry: str
    kind: ReferenceKind
    path: str
    unread: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user: what is embedded is parsed, what is referenced is a path as written; None where there is neither.

    `token_path` is the file that client-go has to read for a token. `key` holds hashes of public halves only. A
    certificate of `certificates` has its entry in the kubeconfig.
    """

    name: str
    certificates: tuple[ParsedCertificate, ...] = ()
    key: Parsed | None = None
    certificate_path: str | None = None
    key_path: str | None = None
    token_path: str | None = None

    @property
    def leaf(self) -> ParsedCertificate | None:
        """The embedded certificate that is presented; None where there is none or it is damaged."""
        first = self.certificates[0] if self.certificates else None
        return first if first is not None and first.certificate.entry == f"user/{self.name}" else None

    @property
    def key_match(self) -> bool | None:
        """Whether the embedded key belongs to the embedded leaf; None unless both are embedded and readable."""
        if self.leaf is None or self.key is None:
            return None
        return key_match(self.leaf.spki_sha256, self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster with its CA certificates; `ca_data` is the embedded data decoded, usually PEM."""

    name: str
    url: str = ""
    certificates: tuple[ParsedCertificate, ...] = ()
    ca_data: bytes | None = field(default=None, repr=False)
    ca_path: str | None = None
    tls_server_name: str | None = None
    insecure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """A pair of a user and a cluster, by their names."""

    name: str
    user: str
    cluster: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The API server of the current context, and how it is to be trusted."""

    url: str
    ca_data: bytes | None = field(default=None, repr=False)
    ca_path: str | None = None
    tls_server_name: str | None = None
    insecure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kubeconfig:
    """The content of a kubeconfig. `faults` has at most one of `EMPTY` and `UNPARSABLE`.

    `omitted` counts the embedded certificates that are beyond the limit of a file.
    """

    users: tuple[User, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    contexts: tuple[Context, ...] = ()
    current_context: str = ""
    faults: tuple[Fault, ...] = ()
    omitted: int = 0

    @property
    def parsed(self) -> tuple[ParsedCertificate, ...]:
        """All embedded certificates, with what is needed to compare them."""
        return tuple(each for group in (self.users, self.clusters) for owner in group for each in owner.certificates)

    @property
    def read(self) -> tuple[ParsedCertificate, ...]:
        """Those of `parsed` that client-go reads: its current context's; all where no context is current."""
        groups: tuple[tuple[User | Cluster, ...], ...] = (self.presented, self.trusted)
        return tuple(each for group in groups for owner in group for each in owner.certificates)

    @property
    def embedded(self) -> tuple[Certificate, ...]:
        """All embedded certificates; entries are `user/NAME` and `cluster/NAME`, with `/N` for further ones."""
        read = {each.certificate.entry for each in self.read}
        return tuple(replace(each.certificate, superseded=each.certificate.entry not in read) for each in self.parsed)

    @property
    def references(self) -> tuple[Reference, ...]:
        """All files that are named."""
        return tuple(self._references())

    def _references(self) -> Iterator[Reference]:
        current = self._current()
        for user in self.users:
            entry, unread = f"user/{user.name}", current is not None and current.user != user.name
            if user.certificate_path is not None:
                yield Reference(entry=entry, kind=ReferenceKind.CERTIFICATE, path=user.certificate_path, unread=unread)
            if user.key_path is not None:
                yield Reference(entry=entry, kind=ReferenceKind.KEY, path=user.key_path, unread=unread)
        for cluster in self.clusters:
            if cluster.ca_path is not None:
                unread = current is not None and current.cluster != cluster.name
                entry = f"cluster/{cluster.name}"
                yield Reference(entry=entry, kind=ReferenceKind.CA, path=cluster.ca_path, unread=unread)

    @property
    def current_user(self) -> User | None:
        """The user of the current context."""
        context = self._current()
        return next((each for each in self.users if context and each.name == context.user), None)

    @property
    def server(self) -> Server | None:
        """The API server of the current context; None where no context is current or its cluster has no URL."""
        context = self._current()
        for each in self.clusters:
            if context and each.name == context.cluster and each.url:
                user = self.current_user
                presents = user is not None and bool(user.certificates or user.certificate_path)
                trusts = each.ca_data is not None or each.ca_path is not None or each.insecure
                return Server(
                    url=server_url(each.url, tls=presents or trusts),
                    ca_data=each.ca_data,
                    ca_path=each.ca_path,
                    tls_server_name=each.tls_server_name,
                    insecure=each.insecure,
                )
        return None

    @property
    def has_wrong_key(self) -> bool:
        """Whether an embedded key is not the embedded certificate's, of a user who is presented."""
        return any(user.key_match is False for user in self.presented)

    @property
    def presented(self) -> tuple[User, ...]:
        """The user of the current context; every user where no context is current."""
        if not self._current():
            return self.users
        return () if self.current_user is None else (self.current_user,)

    @property
    def trusted(self) -> tuple[Cluster, ...]:
        """The cluster of the current context; every cluster where no context is current."""
        current = self._current()
        return self.clusters if not current else tuple(each for each in self.clusters if each.name == current.cluster)

    def _current(self) -> Context | None:
        return next((each for each in self.contexts if each.name == self.current_context), None)

    @property
    def key_match(self) -> bool | None:
        """False if an embedded key does not belong to its certificate, True if all that can be told do, else None."""
        known = [match for match in (user.key_match for user in self.presented) if match is not None]
        return all(known) if known else None
