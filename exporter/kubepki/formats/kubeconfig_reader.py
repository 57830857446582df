"""Reads the bytes of a kubeconfig.

Rules of this module: pure; total. Embedded data is read where a reference stands beside it, which client-go refuses.
Tokens are not looked at. A detail of a fault names a place in the file, never what stands there.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from kubepki.formats.base64_text import decoded
from kubepki.formats.client_config import cluster_refusals, is_folded, kind_refusals, user_refusals
from kubepki.formats.client_types import extension_refusals, type_refusals
from kubepki.formats.kubeconfig import Cluster, Context, Kubeconfig, User
from kubepki.formats.parse import MAX_CERTIFICATES, content_faults, parse
from kubepki.formats.parsed import Parsed, ParsedCertificate
from kubepki.formats.yaml_tree import Problem, Tree, read_tree
from kubepki.model import Fault, Reason
from kubepki.texts import bounded_text

_Mapping = dict[str, Tree]
# What is the exporter's own, and nothing against the file.
_LIMITS = frozenset({Reason.TOO_COSTLY, Reason.UNREADABLE})


def parse_kubeconfig(data: bytes) -> Kubeconfig:
    """Return what *data* says; never raises.

    A kubeconfig without any certificate is no fault. Of users, clusters or contexts with one name the first counts;
    that is a fault, for client-go refuses it.
    """
    if not data:
        return Kubeconfig(faults=(Fault(reason=Reason.EMPTY, detail="the file has no content"),))
    if not data.strip(b"\0"):
        return Kubeconfig(faults=content_faults(["only NUL bytes, as a power cut leaves them"]))
    tree = read_tree(data)
    if isinstance(tree, Problem):
        return Kubeconfig(faults=content_faults([tree.text]))
    if not isinstance(tree, dict | None):
        return Kubeconfig(faults=content_faults(["no kubeconfig: not a mapping"]))
    return _Reader(tree or {}).kubeconfig()


class _Reader:
    """Collects problems while it reads one document."""

    def __init__(self, tree: _Mapping) -> None:
        self._tree = tree
        self._problems: list[str] = []
        self._entries: set[str] = set()
        # Aliases may give one text to many users: each is parsed once, and the certificates of all are bounded.
        self._known: dict[str, tuple[Parsed, bytes | None, str]] = {}
        self._omitted = 0
        self._limits: list[Fault] = []
        # What client-go says: of the whole file, and of each user and cluster.
        self._refusals: list[str] = []
        self._refused: dict[tuple[str, str], list[str]] = {}
        # What is damaged of that which client-go does not pass over, by user and cluster.
        self._damaged: dict[tuple[str, str], list[str]] = {}

    def kubeconfig(self) -> Kubeconfig:
        """Return the document's content."""
        users = [self._user(*each) for each in self._named("users", "user")]
        clusters = [self._cluster(*each) for each in self._named("clusters", "cluster")]
        contexts = [
            Context(name=name, user=_name(fields, "user") or "", cluster=_name(fields, "cluster") or "")
            for _, name, fields in self._named("contexts", "context")
        ]
        current = _name(self._tree, "current-context") or ""
        if not current and ("cluster", "") in self._refused and not any(each.name == "" for each in contexts):
            # Without a name a context without one is current, and without that a user and a cluster without one.
            contexts.append(Context(name="", user="", cluster=""))
        return Kubeconfig(
            users=tuple(users),
            clusters=tuple(clusters),
            contexts=tuple(contexts),
            current_context=current,
            faults=(*self._faults(users, clusters, contexts, current), *self._limits[:1]),
            omitted=self._omitted,
        )

    def _faults(
        self, users: Iterable[User], clusters: Iterable[Cluster], contexts: Iterable[Context], name: str
    ) -> tuple[Fault, ...]:
        """Return a fault for what is damaged, or else for what client-go says against the current context."""
        current = next((each for each in contexts if each.name == name), None)
        # Nobody reads the users and clusters of other contexts.
        read = None if current is None else {("user", current.user), ("cluster", current.cluster)}
        damaged = [each for owner, found in self._damaged.items() if read is None or owner in read for each in found]
        if self._problems or damaged:
            return content_faults([*self._problems, *damaged])
        named = any(user.certificate_path or user.key_path for user in users)
        if not self._entries and not named and not any(cluster.ca_path for cluster in clusters):
            # Without a certificate it is none of our business.
            return ()
        refusals = [*type_refusals(self._tree), *extension_refusals(self._tree), *kind_refusals(self._tree)]
        refusals += self._refusals
        if current is None:
            refusals.append("the current context was not found" if name else "no context is current")
        else:
            # A user who is not there is one without credentials.
            refusals += self._refused.get(("user", current.user), [])
            refusals += self._refused.get(("cluster", current.cluster), ["no server found for the current context"])
        return tuple(
            Fault(reason=Reason.REFUSED, detail=f"client-go refuses it: {refusal}") for refusal in refusals[:1]
        )

    def _named(self, group: str, field: str) -> Iterator[tuple[str, str, _Mapping]]:
        """Yield the place, the name and the fields of each item of a list of named items."""
        items = self._tree.get(group)
        if items is None:
            return
        if not isinstance(items, list):
            self._problems.append(f"{group}: not a list")
            return
        seen: set[str] = set()
        for position, given in enumerate(items):
            place = f"{group}[{position}]"
            # What is left out or null is empty for client-go, a name too.
            item = {} if given is None else given
            fields = item.get(field) if isinstance(item, dict) else None
            name = (_name(item, "name") or "") if isinstance(item, dict) else ""
            if (
                not isinstance(item, dict)
                or not isinstance(item.get("name"), str | None)
                or not isinstance(fields, dict | None)
            ):
                self._problems.append(f"{place}: its name is no text, or {field} is not a mapping")
            elif name in seen:
                self._problems.append(f"{place}: its name was given before")
            else:
                seen.add(name)
                yield f"{place}.{field}", name, fields or {}

    def _user(self, place: str, name: str, fields: _Mapping) -> User:
        certificate, _ = self._embedded(place, fields, "client-certificate-data")
        key, _ = self._embedded(place, fields, "client-key-data")
        damaged = self._damaged["user", name] = []
        if certificate is not None and certificate.consumed is not None and certificate.consumed.leaf:
            damaged += _damages(f"{place}.client-certificate-data", certificate, found=bool(certificate.certificates))
        unused = certificate is None and not _text(fields, "client-certificate")
        consumed = None if key is None or unused else key.consumed
        if key is not None and consumed is not None and (consumed.key_refusal or not consumed.has_key):
            damaged += _damages(f"{place}.client-key-data", key, found=bool(key.keys or key.opaque_keys))
        self._refused["user", name] = user_refusals(place, fields, certificate, key)
        return User(
            name=name,
            certificates=self._entitled(f"user/{name}", certificate),
            key=key,
            certificate_path=None if certificate else _text(fields, "client-certificate"),
            # Without a certificate client-go does not open its key.
            key_path=None if key or unused else _text(fields, "client-key"),
            token_path=None if _text(fields, "token") else _text(fields, "tokenFile"),
        )

    def _cluster(self, place: str, name: str, fields: _Mapping) -> Cluster:
        authority, data = self._embedded(place, fields, "certificate-authority-data")
        damaged = self._damaged["cluster", name] = []
        if authority is not None and authority.consumed is not None and not authority.consumed.trusted:
            what = f"{place}.certificate-authority-data"
            damaged += _damages(what, authority, found=bool(authority.certificates))
        self._refused["cluster", name] = cluster_refusals(place, fields, authority)
        return Cluster(
            name=name,
            url=_text(fields, "server") or "",
            certificates=self._entitled(f"cluster/{name}", authority),
            ca_data=data,
            ca_path=None if authority else _text(fields, "certificate-authority"),
            tls_server_name=_text(fields, "tls-server-name"),
            insecure=_text(fields, "insecure-skip-tls-verify") == "true",
        )

    def _embedded(self, place: str, fields: _Mapping, key: str) -> tuple[Parsed | None, bytes | None]:
        """Return what is embedded as *key*, parsed and decoded; None and None where nothing is."""
        text = _text(fields, key)
        if text is None:
            return None, None
        if text not in self._known:
            self._known[text] = _parsed(text)
        parsed, data, problem = self._known[text]
        if problem:
            self._problems.append(f"{place}.{key}: {problem}")
        elif is_folded(text):
            self._refusals.append(f"{place}.{key}: illegal base64 data: it holds blanks")
        self._limits += [
            replace(fault, detail=f"{place}.{key}: {fault.detail}")
            for fault in parsed.faults
            if fault.reason in _LIMITS
        ]
        return parsed, data

    def _entitled(self, entry: str, parsed: Parsed | None) -> tuple[ParsedCertificate, ...]:
        """Return the certificates with their entry: `user/NAME`, and `user/NAME/N` for further ones, each once."""
        entitled = []
        self._omitted += parsed.omitted if parsed else 0
        for each in parsed.certificates if parsed else ():
            if len(self._entries) >= MAX_CERTIFICATES:
                self._omitted += 1
                continue
            position = int(each.certificate.entry)
            title = entry if position == 0 else f"{entry}/{position}"
            while title in self._entries:
                position += 1
                title = f"{entry}/{position}"
            self._entries.add(title)
            entitled.append(replace(each, certificate=replace(each.certificate, entry=title)))
        return tuple(entitled)


def _damages(place: str, parsed: Parsed, *, found: bool) -> list[str]:
    """Return what our own reading says against the embedded data at *place*, in which what is due was *found*."""
    damages = [fault.detail for fault in parsed.faults if fault.reason not in _LIMITS]
    if not damages and not found:
        damages.append("what it is for is not in it")
    return [f"{place}: {each}" for each in damages]


def _text(fields: _Mapping, key: str) -> str | None:
    """Return a text that is not empty; client-go leaves empty fields out."""
    value = fields.get(key)
    return value if isinstance(value, str) and value else None


def _name(fields: _Mapping, key: str) -> str | None:
    """Return the name of a user, a cluster or a context: it becomes part of a label."""
    text = _text(fields, key)
    return None if text is None else bounded_text(text)


def _parsed(text: str) -> tuple[Parsed, bytes | None, str]:
    """Return what the base64 in *text* holds, the bytes, and why there are none."""
    plain = "".join(text.split())
    data = decoded(plain.encode()) if plain.isascii() else None
    return (Parsed(), None, "not base64") if data is None else (parse(data), data, "")
