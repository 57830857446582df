"""What client-go says against a kubeconfig (tools/clientcmd/validation.go and rest/transport.go).

Rules of this module: pure; total. client-go reads all of the file and then judges the user and the cluster of the
current context alone. Nothing of the file is quoted but places.
"""

import re
from collections.abc import Iterable, Mapping

from kubepki.formats.parsed import Parsed
from kubepki.formats.yaml_tree import Tree

_DATA = "-data"
_PAIRS = ("client-certificate", "client-key", "certificate-authority")


def is_folded(text: str) -> bool:
    """Return whether base64 holds blanks, as YAML's folding writes them; Go passes over line ends only."""
    return re.search("[^\\S\r\n]", text) is not None


def user_refusals(place: str, fields: Mapping[str, Tree], certificate: Parsed | None, key: Parsed | None) -> list[str]:
    """Return what stands against a user; its embedded *certificate* and *key* are None where there are none."""
    if not _has(fields, "client-certificate"):
        return []
    found = _given_twice(place, fields, _PAIRS[:2])
    if not _has(fields, "client-key"):
        found.append(f"{place}: client-key-data or client-key must be specified to use the client certificate")
    if certificate is not None and certificate.consumed is not None and key is not None and key.consumed is not None:
        refusal = certificate.consumed.leaf or key.consumed.key_refusal or _mismatch(certificate, key)
        if not refusal and not key.consumed.has_key:
            refusal = "tls: failed to find any PEM data in key input"
        found += [f"{place}: {refusal}"] if refusal else []
    return found


def cluster_refusals(place: str, fields: Mapping[str, Tree], authority: Parsed | None) -> list[str]:
    """Return what stands against a cluster; its embedded *authority* is None where there is none."""
    found = _given_twice(place, fields, _PAIRS[2:])
    if not isinstance(fields.get("server"), str) or not fields.get("server"):
        found.append(f"{place}: no server found")
    consumed = authority.consumed if authority is not None else None
    if consumed is not None and not consumed.trusted:
        found.append(f"{place}.certificate-authority-data: unable to load root certificates")
    return found


def _given_twice(place: str, fields: Mapping[str, Tree], names: Iterable[str]) -> list[str]:
    return [
        f"{place}: {name}-data and {name} are both specified"
        for name in names
        if fields.get(name) and fields.get(name + _DATA)
    ]


def _has(fields: Mapping[str, Tree], name: str) -> bool:
    return bool(fields.get(name) or fields.get(name + _DATA))


def _mismatch(certificate: Parsed, key: Parsed) -> str:
    leaf, consumed = certificate.consumed, key.consumed
    if leaf is None or consumed is None or not consumed.has_key:
        return ""
    presented = [one for one in certificate.certificates if one.certificate.fingerprint_sha256 == leaf.leaf_sha256]
    # Only where our own reading finds the right key behind the wrong one; else it is `key_mismatch`.
    if presented and consumed.key != presented[0].spki_sha256 and presented[0].spki_sha256 in key.keys:
        return "tls: private key does not match public key (the first private key counts)"
    return ""
