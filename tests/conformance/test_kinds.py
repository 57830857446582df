"""Kinds of files that nobody's generator thinks of: the exporter and the consumer agree on each."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conformance.differences import base64_of, document
from tests.conformance.kinds import PAIRS
from tests.conformance.test_differences import found_at
from tests.conformance.test_files import is_critical
from tests.support.oracle import Oracle

_KEYS = re.compile(rb"-----BEGIN [^-]*PRIVATE KEY[^-]*-----.*?-----END [^-]*-----\n?", re.DOTALL)
VALUES: dict[str, object] = {
    "number": 123,
    "zero": 0,
    "float": 1.5,
    "yes": True,
    "no": False,
    "null": None,
    "list": [1],
    "mapping": {"a": 1},
    "empty": "",
}
USER, CLUSTER, CONTEXT = ("users", 0, "user"), ("clusters", 0, "cluster"), ("contexts", 0, "context")
FIELDS: tuple[tuple[str | int, ...], ...] = (
    *((name,) for name in ("apiVersion", "kind", "current-context", "preferences", "extensions", "unknown")),
    *((group,) for group in ("users", "clusters", "contexts")),
    *((group, 0) for group in ("users", "clusters", "contexts")),
    *((group, 0, "name") for group in ("users", "clusters", "contexts")),
    *((*CONTEXT, name) for name in ("user", "cluster", "namespace", "extensions")),
    *((*USER, name) for name in ("token", "tokenFile", "username", "password", "as", "as-uid", "as-groups")),
    *((*USER, name) for name in ("as-user-extra", "auth-provider", "exec", "extensions", "client-certificate")),
    *((*USER, name) for name in ("client-key", "client-certificate-data", "client-key-data", "unknown")),
    *((*CLUSTER, name) for name in ("server", "tls-server-name", "insecure-skip-tls-verify", "proxy-url")),
    *((*CLUSTER, name) for name in ("certificate-authority", "certificate-authority-data", "disable-compression")),
)
SCALARS = (
    *("yes", "on", "y", "n", "Off", "True", "~", "null", "NULL", "1e3", "0x1f", "0o17", "017", "08", "1_000", "0b1"),
    *("2026-01-01", "12:30", ".inf", "+.inf", ".NaN", "-0", "+1", "-", "1.0", ".5", "0.", "1,2", "1e", "0x", "5 6"),
    *("!!str 5", "'5'", "!!int '5'", "!!float 3", "!!null ''", "!foo bar", "!!binary aGk=", "{}", "[]", "''"),
)
# What stands before the current user in the list of users.
OTHER_USERS = {
    "damaged": "{name: b, user: {client-key-data: d29yZHM=}}",
    "not base64": "{name: b, user: {client-key-data: '?'}}",
    "token": "{name: b, user: {token: 5}}",
    "tokenFile": "{name: b, user: {tokenFile: /no}}",
    "nameless": "{user: {}}",
    "null": "",
    "two nameless": "{user: {}}\n- {user: {}}",
}
TEXTS: dict[str, Callable[[str], str]] = {
    "duplicate key": lambda text: text + "kind: Config\n",
    "duplicate users": lambda text: text + "users: []\n",
    "null key": lambda text: text + "~: x\n",
    "number as key": lambda text: text + "5: x\n",
    "list as key": lambda text: text + "? [a]\n: x\n",
    "second document": lambda text: text + "---\nfoo: bar\n",
    "tabs": lambda text: text.replace("  ", "\t"),
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "BOM": lambda text: "\ufeff" + text,
    "tokenFile": lambda text: text.replace("    client-key", "    tokenFile: /nonexistent\n    client-key"),
    "tokenFile and token": lambda text: text.replace(
        "    client-key", "    {tokenFile: /no, token: a}\n    client-key"
    ),
    "tokenFile that is there": lambda text: text.replace("    client-key", "    tokenFile: kc.conf\n    client-key"),
    "proxy": lambda text: text.replace("    server", "    proxy-url: HTTP://p:3128\n    server"),
    "proxy's port": lambda text: text.replace("    server", "    proxy-url: http://p:a\n    server"),
    "proxy with a blank": lambda text: text.replace("    server", "    proxy-url: http://a b\n    server"),
}


TEXTS |= {
    f"another user: {name}": lambda text, item=item: text.replace("users:\n", f"users:\n- {item}\n")  # type: ignore[misc]
    for name, item in OTHER_USERS.items()
}


def agree(oracle: Oracle, path: Path) -> None:
    """Assert that the exporter finds something critical exactly where the consumer refuses."""
    kind = "kubeconfig" if path.suffix == ".conf" else "pair"
    beside = path.with_suffix(".key")
    said = oracle.ask(kind, path, *([beside] if beside.exists() else []))
    found = found_at(path)
    assert is_critical(found) == (not said.taken), (said.error, found)


@pytest.mark.parametrize("name", PAIRS)
def test_pair(name: str, oracle: Oracle, tmp_path: Path) -> None:
    """In one file, in two, and embedded in a kubeconfig."""
    content = PAIRS[name]
    keys = b"".join(_KEYS.findall(content))
    path = tmp_path / "kubelet-client-current.pem"
    path.write_bytes(content)
    agree(oracle, path)
    if not keys:
        return
    (tmp_path / "apiserver.crt").write_bytes(_KEYS.sub(b"", content))
    (tmp_path / "apiserver.key").write_bytes(keys)
    agree(oracle, tmp_path / "apiserver.crt")
    made = document()
    made["users"][0]["user"] = {
        "client-certificate-data": base64_of(_KEYS.sub(b"", content)),
        "client-key-data": base64_of(keys),
    }
    (tmp_path / "kc.conf").write_text(yaml.safe_dump(made))
    agree(oracle, tmp_path / "kc.conf")


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: ".".join(map(str, field)))
def test_types(field: tuple[str | int, ...], oracle: Oracle, tmp_path: Path) -> None:
    """Each field of a kubeconfig with a value of each type."""
    for value in VALUES.values():
        made: Any = document()
        place = made
        for part in field[:-1]:
            place = place[part]
        place[field[-1]] = value
        (tmp_path / "kc.conf").write_text(yaml.safe_dump(made))
        agree(oracle, tmp_path / "kc.conf")


@pytest.mark.parametrize("scalar", SCALARS)
def test_scalars(scalar: str, oracle: Oracle, tmp_path: Path) -> None:
    """A user's name and his token as YAML 1.1 and Go read them."""
    text = yaml.safe_dump(document())
    named = text.replace("name: a\n", f"name: {scalar}\n").replace("user: a\n", f"user: {scalar}\n")
    for changed in (
        named.replace("cluster: a\n", f"cluster: {scalar}\n"),
        text.replace("    client-key", f"    token: {scalar}\n    client-key"),
        text.replace("    server", f"    disable-compression: {scalar}\n    server"),
    ):
        (tmp_path / "kc.conf").write_text(changed)
        agree(oracle, tmp_path / "kc.conf")


@pytest.mark.parametrize("name", TEXTS)
def test_texts(name: str, oracle: Oracle, tmp_path: Path) -> None:
    """A whole kubeconfig with one thing that is odd."""
    (tmp_path / "kc.conf").write_text(TEXTS[name](yaml.safe_dump(document())))
    agree(oracle, tmp_path / "kc.conf")


BEFORE_A_MARK = ("", "\n", "\r\n", "\n\n", "# x\n", "---\n", "\ufeff\n", "\ufeff\ufeff")
# In braces two marks are a row of docs/conformance.md; behind a blank and without braces is nothing of a PKI.
MARKED = [*((each, False) for each in (*BEFORE_A_MARK, "\ufeff")), *((each, True) for each in (*BEFORE_A_MARK, " "))]


@pytest.mark.parametrize(("before", "in_braces"), MARKED, ids=repr)
def test_byte_order_marks(before: str, *, in_braces: bool, oracle: Oracle, tmp_path: Path) -> None:
    """Only the first character of a file is a byte order mark; anywhere else it is a letter."""
    text = yaml.safe_dump(document(), default_flow_style=in_braces)
    (tmp_path / "kc.conf").write_text(before + "\ufeff" + text)
    agree(oracle, tmp_path / "kc.conf")
