"""What client-go says against a kubeconfig (tools/clientcmd/validation.go and rest/transport.go).

Rules of this module: pure; total. client-go reads all of the file and then judges the user and the cluster of the
current context alone. Nothing of the file is quoted but places.
"""

import re
from collections.abc import Iterable, Mapping

from kubepki.formats.go_url import is_server, parse_url
from kubepki.formats.parsed import Parsed
from kubepki.formats.yaml_tree import Tree

_DATA = "-data"
_EXEC_WITH_DEFAULTS = ("client.authentication.k8s.io/v1beta1",)
_EXEC_VERSIONS = (*_EXEC_WITH_DEFAULTS, "client.authentication.k8s.io/v1")
_PROXIES = frozenset({"http", "https", "socks5"})
_INTERACTIVE_MODES = ("Never", "IfAvailable", "Always")
_IMPERSONATION = ("as-uid", "as-groups", "as-user-extra")
_PAIRS = ("client-certificate", "client-key", "certificate-authority")


def is_folded(text: str) -> bool:
    """Return whether base64 holds blanks, as YAML's folding writes them; Go passes over line ends only."""
    return re.search("[^\\S\r\n]", text) is not None


def user_refusals(place: str, fields: Mapping[str, Tree], certificate: Parsed | None, key: Parsed | None) -> list[str]:
    """Return what stands against a user; its embedded *certificate* and *key* are None where there are none."""
    found = [f"{place}: {each}" for each in (*_exec_refusals(fields), *_method_refusals(fields))]
    if not _has(fields, "client-certificate"):
        return found
    found += _given_twice(place, fields, _PAIRS[:2])
    if not _has(fields, "client-key"):
        found.append(f"{place}: client-key-data or client-key must be specified to use the client certificate")
    refusal = _pair_refusal(certificate, key)
    return [*found, f"{place}: {refusal}"] if refusal else found


def cluster_refusals(place: str, fields: Mapping[str, Tree], authority: Parsed | None) -> list[str]:
    """Return what stands against a cluster; its embedded *authority* is None where there is none."""
    found = _given_twice(place, fields, _PAIRS[2:])
    server = fields.get("server")
    if not isinstance(server, str) or not server:
        found.append(f"{place}: no server found")
    elif not is_server(server):
        found.append(f"{place}: its server is no URL, and no host with a port")
    if fields.get("insecure-skip-tls-verify") == "true" and _has(fields, "certificate-authority"):
        found.append(f"{place}: specifying a root certificates file with the insecure flag is not allowed")
    proxy = fields.get("proxy-url")
    if isinstance(proxy, str) and proxy and ((url := parse_url(proxy)) is None or url.scheme not in _PROXIES):
        found.append(f"{place}: invalid proxy-url")
    consumed = authority.consumed if authority is not None else None
    if consumed is not None and not consumed.trusted:
        found.append(f"{place}.certificate-authority-data: unable to load root certificates")
    return found


def kind_refusals(tree: Mapping[str, Tree]) -> list[str]:
    """Return what stands against a document of another kind that has a kubeconfig's fields."""
    given = tree.get("kind"), tree.get("apiVersion")
    if given[0] in (None, "", "Config") and given[1] in (None, "", "v1"):
        return []
    return ["its kind and apiVersion are not those of a kubeconfig (Config, v1)"]


def _exec_refusals(fields: Mapping[str, Tree]) -> list[str]:
    """Return what stands against a program that is asked for credentials."""
    program = fields.get("exec")
    if not isinstance(program, dict):
        return []
    what = "to use the exec authentication plugin"
    found = (
        ["authProvider cannot be provided in combination with an exec plugin"] if fields.get("auth-provider") else []
    )
    found += [f"{name} must be specified {what}" for name in ("command", "apiVersion") if not program.get(name)]
    version = program.get("apiVersion")
    if version and version not in _EXEC_VERSIONS:
        found.append("exec plugin: invalid apiVersion")
    env = program.get("env")
    if any(not isinstance(each, dict) or not each.get("name") for each in (env if isinstance(env, list) else ())):
        found.append(f"an environment variable needs a name {what}")
    mode = program.get("interactiveMode")
    if not mode and program.get("apiVersion") not in _EXEC_WITH_DEFAULTS:
        found.append(f"interactiveMode must be specified {what}")
    elif mode and mode not in _INTERACTIVE_MODES:
        found.append("invalid interactiveMode: it is Never, IfAvailable or Always")
    return found


def _method_refusals(fields: Mapping[str, Tree]) -> list[str]:
    """Return what stands against the ways in which a user says who he is."""
    found = []
    provider = fields.get("auth-provider")
    # Since Kubernetes 1.26 there is no other, and only kubectl has this one.
    if isinstance(provider, dict) and provider.get("name") != "oidc":
        found.append("no Auth Provider found for its auth-provider")
    if fields.get("token") and (fields.get("username") or fields.get("password")):
        found.append("more than one authentication method found, token and basicAuth; only one is allowed")
    if any(fields.get(name) for name in _IMPERSONATION) and not fields.get("as"):
        found.append("requesting uid, groups or user-extra without impersonating a user")
    return found


def _given_twice(place: str, fields: Mapping[str, Tree], names: Iterable[str]) -> list[str]:
    return [
        f"{place}: {name}-data and {name} are both specified"
        for name in names
        if fields.get(name) and fields.get(name + _DATA)
    ]


def _has(fields: Mapping[str, Tree], name: str) -> bool:
    return bool(fields.get(name) or fields.get(name + _DATA))


def _pair_refusal(certificate: Parsed | None, key: Parsed | None) -> str:
    """Return what crypto/tls says of what is embedded; the other half may be a file of its own, judged there."""
    presented = certificate.consumed if certificate is not None else None
    if presented is not None and presented.leaf:
        return presented.leaf
    consumed = key.consumed if key is not None else None
    if consumed is not None and consumed.key_refusal:
        return consumed.key_refusal
    if certificate is not None and key is not None and (mismatch := _mismatch(certificate, key)):
        return mismatch
    return "tls: failed to find any PEM data in key input" if consumed is not None and not consumed.has_key else ""


def _mismatch(certificate: Parsed, key: Parsed) -> str:
    leaf, consumed = certificate.consumed, key.consumed
    if leaf is None or consumed is None or not consumed.has_key:
        return ""
    presented = [one for one in certificate.certificates if one.certificate.fingerprint_sha256 == leaf.leaf_sha256]
    # Only where our own reading finds the right key behind the wrong one; else it is `key_mismatch`.
    if presented and consumed.key != presented[0].spki_sha256 and presented[0].spki_sha256 in key.keys:
        return "tls: private key does not match public key (the first private key counts)"
    return ""
