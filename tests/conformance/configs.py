"""Kubeconfigs of which one or two lines or fields are odd, as YAML and as JSON."""

import json
from typing import Any

import yaml
from hypothesis import strategies as st

from tests.conformance.differences import CA, MINE, OTHER, base64_of, document

_ENDS = ["\n", "\n\n", "\r\n", "\r", " \n", "\t\n", " # words\n", ",\n", ":\n"]
_LINES = [
    "---",
    "...",
    "# words",
    "\t",
    "  ",
    "%YAML 1.1",
    "%TAG ! a:",
    "- a",
    "a: b",
    "<<: {a: b}",
    "&a",
    "*a",
    "users:",
]
_LINES += [
    "users: []",
    "kind: Config",
    "current-context: c",
    "current-context: ''",
    "? a",
    "!!map",
    "{",
    "}",
    "[",
    '"',
    "'",
]
_SIGNS = [
    "\t",
    " ",
    ":",
    "-",
    "#",
    "'",
    '"',
    "{",
    "}",
    "[",
    ",",
    "&",
    "*",
    "!",
    "|",
    ">",
    "%",
    "@",
    "`",
    "\0",
    "\x7f",
    "\x85",
]
_SIGNS += ["\ufeff", "\u2028", "é", "\\", "~", "=", "_", "0", "\n", "\r", "<<"]
_PATHS = [
    "client.pem",
    "./client.pem",
    "../kc/client.pem",
    "a/../client.pem",
    "nowhere.pem",
    "",
    "/nowhere",
    "client.pem ",
    ".",
]
_SERVERS = [
    "https://127.0.0.1:6443",
    "127.0.0.1:6443",
    "http://a",
    "https://a/b",
    "a/b",
    "https://a b",
    "https://",
    ":6443",
]
_SERVERS += [
    "https://[::1]:6443",
    "https://::1:6443",
    "::1",
    "HTTPS://a",
    "ftp://a",
    "https:/a",
    "a",
    "%zz",
    "https://a:b",
    "\n",
]
_USER: dict[str, list[object]] = {
    "client-certificate": list(_PATHS),
    "client-key": list(_PATHS),
    "client-certificate-data": [
        base64_of(each) for each in (OTHER.certificate_pem, MINE.pem, b"\n" + MINE.certificate_pem)
    ],
    "client-key-data": [base64_of(each) for each in (OTHER.key_pem, MINE.pem, OTHER.key_pem + MINE.key_pem)],
    "token": ["a", "", 5],
    "tokenFile": ["token", "", "nowhere", "../kc/token", "."],
    "username": ["a", ""],
    "password": ["a"],
    "as": ["a"],
    "as-groups": [["a"], []],
    "exec": [
        {"command": "aws", "apiVersion": "client.authentication.k8s.io/v1beta1"},
        {"command": "aws", "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never"},
        {"command": "aws", "apiVersion": "client.authentication.k8s.io/v1"},
        {"command": "", "apiVersion": "client.authentication.k8s.io/v1beta1"},
        {},
        None,
    ],
}
_CLUSTER: dict[str, list[object]] = {
    "server": list(_SERVERS),
    "proxy-url": ["http://p:1", "p:1", "socks5://p", "ftp://p", "http://a b", "//p", "http://%zz"],
    "certificate-authority": list(_PATHS),
    "certificate-authority-data": [
        base64_of(each) for each in (CA.certificate_pem * 2, b"words", CA.certificate_pem + b"x")
    ],
    "insecure-skip-tls-verify": [True, False],
    "tls-server-name": ["a", ""],
}


def _second(made: dict[str, Any], group: str, field: str) -> None:
    made[group].append({"name": "b", field: {}})


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Return a kubeconfig of which one or two fields are odd."""
    made = document()
    user, cluster = made["users"][0]["user"], made["clusters"][0]["cluster"]
    for _ in range(draw(st.integers(0, 2))):
        fields, values = draw(st.sampled_from([(user, _USER), (user, _USER), (cluster, _CLUSTER), (made, {})]))
        name = draw(st.sampled_from(sorted({*fields, *values})))
        if name in values and draw(st.booleans()):
            fields[name] = draw(st.sampled_from(values[name]))
            if name in {"client-certificate", "client-key", "certificate-authority"} and draw(st.booleans()):
                fields.pop(f"{name}-data", None)
        else:
            fields.pop(name, None)
    for group, field in (("users", "user"), ("clusters", "cluster"), ("contexts", "context")):
        if group in made and draw(st.integers(0, 9)) == 0:
            _second(made, group, field)
    return made


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Return the text of a kubeconfig, in which a line or a sign may be odd."""
    made = draw(documents())
    style = draw(st.sampled_from(["block", "block", "block", "flow", "json", "indented", "tabs", "literal"]))
    text = {
        "block": lambda: yaml.safe_dump(made),
        "flow": lambda: yaml.safe_dump(made, default_flow_style=True),
        "literal": lambda: yaml.safe_dump(made, default_style=draw(st.sampled_from("|>'\""))),
        "json": lambda: json.dumps(made),
        "indented": lambda: json.dumps(made, indent=2),
        "tabs": lambda: json.dumps(made, indent="\t"),
    }[style]()
    for _ in range(draw(st.sampled_from([0, 1, 1, 1, 2]))):
        text = draw(_changed(text))
    # docs/conformance.md has a row of two marks.
    return "\ufeff" + text.lstrip("\ufeff") if text.startswith("\ufeff\ufeff") else text


@st.composite
def _changed(draw: st.DrawFn, text: str) -> str:
    lines = text.splitlines(keepends=True) or [""]
    at = draw(st.integers(0, len(lines) - 1))
    kind = draw(st.integers(0, 8))
    if kind == 0:
        lines[at] = lines[at].rstrip("\n") + draw(st.sampled_from(_ENDS))
    elif kind == 1:
        lines.insert(at, draw(st.sampled_from(_LINES)) + "\n")
    elif kind == 2:
        lines.insert(draw(st.integers(0, len(lines))), lines[at])
    elif kind == 3:
        del lines[at]
    elif kind == 4:
        lines[at] = draw(st.sampled_from([" ", "\t", "  ", "- "])) + lines[at]
    elif kind == 5:
        lines[at] = lines[at].lstrip(" ") if draw(st.booleans()) else lines[at].removeprefix(" ")
    elif kind == 6:
        return text.replace("\n", draw(st.sampled_from(["\r\n", "\r", "\n\n"])))
    elif kind == 7:
        start = draw(st.integers(0, len(lines[at])))
        lines[at] = lines[at][:start] + draw(st.sampled_from(_SIGNS)) + lines[at][start + draw(st.integers(0, 1)) :]
    else:
        return (
            draw(st.sampled_from(["\ufeff", "---\n", "\n", "# words\n", "%YAML 1.1\n---\n", " ", "--- ", "---\n---\n"]))
            + text
        )
    return "".join(lines)
