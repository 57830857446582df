"""The types of a kubeconfig's fields (client-go's tools/clientcmd/api/v1/types.go).

Rules of this module: pure; total. client-go decodes the whole file at once: one number where a text is due, of a user
whom nobody uses, and it reads none of it. null leaves any field as it is, an unknown field is passed over.
"""

from collections.abc import Iterator, Mapping
from enum import Enum, auto
from typing import TypeAlias

from kubepki.formats.yaml_scalars import Kind, Typed
from kubepki.formats.yaml_tree import Tree


class Scalar(Enum):
    """What a field holds that is neither a list nor a mapping."""

    TEXT = auto()
    BOOLEAN = auto()
    ANYTHING = auto()


# A mapping with known fields, a list of one kind of items, or a mapping of any keys to one kind (its key is `*`).
Shape: TypeAlias = "Scalar | list[Shape] | Mapping[str, Shape]"

_TEXT, _BOOLEAN = Scalar.TEXT, Scalar.BOOLEAN
_TEXTS: Shape = [_TEXT]
_EXTENSIONS: Shape = [{"name": _TEXT, "extension": Scalar.ANYTHING}]
_EXEC: Shape = {
    "command": _TEXT,
    "args": _TEXTS,
    "env": [{"name": _TEXT, "value": _TEXT}],
    "apiVersion": _TEXT,
    "installHint": _TEXT,
    "provideClusterInfo": _BOOLEAN,
    "interactiveMode": _TEXT,
}
_USER: Shape = {
    **dict.fromkeys(("client-certificate", "client-certificate-data", "client-key", "client-key-data"), _TEXT),
    **dict.fromkeys(("token", "tokenFile", "username", "password", "as", "as-uid"), _TEXT),
    "as-groups": _TEXTS,
    "as-user-extra": {"*": _TEXTS},
    "auth-provider": {"name": _TEXT, "config": {"*": _TEXT}},
    "exec": _EXEC,
    "extensions": _EXTENSIONS,
}
_CLUSTER: Shape = {
    **dict.fromkeys(("server", "tls-server-name", "certificate-authority", "certificate-authority-data"), _TEXT),
    "proxy-url": _TEXT,
    "insecure-skip-tls-verify": _BOOLEAN,
    "disable-compression": _BOOLEAN,
    "extensions": _EXTENSIONS,
}
_CONTEXT: Shape = {**dict.fromkeys(("cluster", "user", "namespace"), _TEXT), "extensions": _EXTENSIONS}
_CONFIG: Shape = {
    **dict.fromkeys(("kind", "apiVersion", "current-context"), _TEXT),
    "preferences": {"colors": _BOOLEAN, "extensions": _EXTENSIONS},
    "clusters": [{"name": _TEXT, "cluster": _CLUSTER}],
    "users": [{"name": _TEXT, "user": _USER}],
    "contexts": [{"name": _TEXT, "context": _CONTEXT}],
    "extensions": _EXTENSIONS,
}


def type_refusals(tree: Tree) -> list[str]:
    """Return what client-go says of the first field of a kubeconfig that is of another type; nothing where none is."""
    found = _mismatch(tree, _CONFIG, "")
    return [found] if found else []


def extension_refusals(tree: Mapping[str, Tree]) -> list[str]:
    """Return that a list of extensions has a name twice; nothing where none has. One without a content is none yet."""
    for place, extensions in _extensions(tree):
        seen: set[str] = set()
        for each in extensions:
            given = each.get("name") if isinstance(each, dict) else None
            name = given if isinstance(given, str) else ""
            if name in seen:
                return [f"{place}: a name was given before"]
            if isinstance(each, dict) and each.get("extension") is not None:
                seen.add(name)
    return []


def _extensions(tree: Mapping[str, Tree]) -> Iterator[tuple[str, list[Tree]]]:
    """Yield each list of extensions with its place."""
    holders: list[tuple[str, object]] = [("", tree), ("preferences", tree.get("preferences"))]
    for group, field in (("users", "user"), ("clusters", "cluster"), ("contexts", "context")):
        items = tree.get(group)
        for number, each in enumerate(items if isinstance(items, list) else ()):
            holders.append((f"{group}[{number}].{field}", each.get(field) if isinstance(each, dict) else None))
    for place, holder in holders:
        found = holder.get("extensions") if isinstance(holder, Mapping) else None
        if isinstance(found, list):
            yield _below(place, "extensions"), found


def _mismatch(tree: Tree, shape: Shape, place: str) -> str:
    """Return where *tree* has not the *shape*, in words; empty where it has. Values are not quoted."""
    if tree is None or shape is Scalar.ANYTHING:
        return ""
    if isinstance(shape, Scalar):
        return "" if _kind(tree) is shape else f"{place} is {_words(tree)} where {_NEEDED[shape]} is due"
    if isinstance(shape, list):
        if not isinstance(tree, list):
            return f"{place} is {_words(tree)} where a list is due"
        places = (_mismatch(each, shape[0], f"{place}[{number}]") for number, each in enumerate(tree))
        return next(filter(None, places), "")
    if not isinstance(tree, dict):
        return f"{place} is {_words(tree)} where a mapping is due"
    anything = shape.get("*")
    fields = [(key, anything or shape[key]) for key in tree if anything is not None or key in shape]
    found = (_mismatch(tree[key], kind, _below(place, key if anything is None else "*")) for key, kind in fields)
    return next(filter(None, found), "")


_NEEDED = {Scalar.TEXT: "a text", Scalar.BOOLEAN: "a boolean"}


def _below(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _kind(tree: Tree) -> Scalar | None:
    if isinstance(tree, Typed):
        return Scalar.BOOLEAN if tree.kind is Kind.BOOLEAN else None
    return Scalar.TEXT if isinstance(tree, str) else None


def _words(tree: Tree) -> str:
    if isinstance(tree, Typed):
        return "a boolean" if tree.kind is Kind.BOOLEAN else "a number"
    return "a text" if isinstance(tree, str) else "a list" if isinstance(tree, list) else "a mapping"
