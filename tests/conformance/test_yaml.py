"""Features of YAML and JSON, and encodings, in a kubeconfig: client-go and the exporter read each alike."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.conformance.differences import document
from tests.conformance.test_kinds import agree
from tests.support.oracle import Oracle

YAML, JSON = yaml.safe_dump(document()), json.dumps(document())
BOTH: dict[str, Callable[[str], bytes]] = {
    **{each: lambda text, each=each: text.encode(each) for each in ("utf-16", "utf-16-le", "utf-16-be", "utf-32")},  # type: ignore[misc]
    "utf-16-le with a mark": lambda text: b"\xff\xfe" + text.encode("utf-16-le"),
    "utf-16-be with a mark": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "NUL after": lambda text: text.encode() + bytes(100),
    "NUL before": lambda text: bytes(5) + text.encode(),
    "words after": lambda text: text.encode() + b"\nwords",
    "twice": lambda text: text.encode() + b"\n" + text.encode(),
    "another comment": lambda text: b"// x\n" + text.encode(),
    "end of the document": lambda text: text.encode() + b"\n...\nwords: [\n",
    "a tag before": lambda text: b"!!map\n" + text.encode(),
    "a long line": lambda text: text.encode() + b"# " + b"x" * 500_000 + b"\n",
    **{
        f"behind it {each!r}": lambda text, each=each: text.encode() + b"\n# " + each + b"\n"  # type: ignore[misc]
        for each in (
            *(b"\x7f", b"\x1a", b"\x1b[0m", b"\xc2\x85", b"\xe2\x80\xa8", b"\xf0\x9f\x98\x80", b"\xed\xa0\x80"),
            *(b"\xef\xbf\xbe", b"\xc0\x80", b"\xe2\x82", b"\xe9"),
        )
    },
}
OF_JSON = {
    "a comma too many": JSON[:-1] + ",}",
    "a key twice": '{"kind":"Config",' + JSON[1:],
    "single quotes": JSON.replace('"', "'"),
    "CR between": JSON.replace(", ", ",\r"),
    "an escaped letter": JSON.replace('"Config"', '"\\u0043onfig"'),
    **{
        f"x is {each}": JSON.replace('"v1"', f'"v1","x":{each}')
        for each in (
            "1e999",
            "-0",
            '"\\ud800"',
            '"\\/"',
            '"\\\\/"',
            '"\\\\\\/"',
            "NaN",
            "Infinity",
            "-.inf",
            "01",
            ".5",
            "'\\/'",
        )
    },
}
BEFORE = (
    *("x: &a 1\ny: &a 2\nz: *a", "x: &a [*a]", "x: &a {b: *a}", "x: &a [b]\ny: *a", "? {a: b}\n: c", "? [a]\n: c"),
    *(
        "1: c",
        "yes: c",
        "1.5: c",
        ".nan: c",
        "~: c",
        "x: 2001-12-14t21:59:43.10-05:00",
        "x: 2001-12-14",
        "x: !!set {a}",
    ),
    *("x: !!omap [a: b]", "x: !!python/object:a.b {}", "x: {<<: [{a: 1},{b: 2}]}", "x: {<<: 5}", "x: {<<: ~}"),
    *("%FOO bar\n---", "%YAML 1.1\n---", "%YAML 1.2\n---", "%YAML 2.0\n---", "%YAML 1.1\n%YAML 1.1\n---"),
    *(f"x: !!{tag} abc" for tag in ("int", "float", "bool", "null", "timestamp", "binary", "str", "foo")),
    *(
        "x: !!binary aGk",
        "x: !!binary aGk=",
        'x: !!binary "?"',
        "x: !!binary |\n  aG\n  k=",
        "x: !!str [a]",
        "x: !!map [a]",
    ),
    *(
        "x: !!int 0x_f",
        "x: !!int 1.5",
        "x: !!int 99999999999999999999999",
        "x: !!float 5",
        "x: !!float 0x1f",
        "x: !!bool y",
    ),
    *(
        "x: !!int -9223372036854775808",
        "x: !!int 18446744073709551615",
        "x: !!int 18446744073709551616",
        "x: !!null ''",
    ),
    *(
        "x: !!timestamp 2001-12-14",
        "x: !!int '0b11'",
        "x: !!int 0o17",
        "x: !!int 1_000",
        "x: !!bool 'true'",
        "x: !!null ~",
    ),
    *("x: .nan", "x: .inf", "x: -.INF", "x: +.Inf", "x: [.nan]", "x: '.nan'", "x: 99999999999999999999999", "x: 1e999"),
    *(
        'x: "\\/"',
        'x: "\\\\/"',
        "x: \\/",
        "x: '\\/'",
        'x: "\\q"',
        'x: "\\x41\\u0041\\U00000041"',
        'x: "\\e\\_\\N\\L\\P"',
    ),
    *("users: ~\nx:", "Users: []", "kind: Pod", "apiVersion: v2", "apiVersion: ''", "preferences: {colors: true}"),
)


@pytest.mark.parametrize("name", BOTH)
def test_encodings(name: str, oracle: Oracle, tmp_path: Path) -> None:
    """As YAML and as JSON."""
    for text in (YAML, JSON):
        (tmp_path / "kc.conf").write_bytes(BOTH[name](text))
        agree(oracle, tmp_path / "kc.conf")


@pytest.mark.parametrize("name", OF_JSON)
def test_json(name: str, oracle: Oracle, tmp_path: Path) -> None:
    """JSON is read as YAML 1.1, which is not quite the same."""
    (tmp_path / "kc.conf").write_text(OF_JSON[name], newline="")
    agree(oracle, tmp_path / "kc.conf")


@pytest.mark.parametrize("line", BEFORE)
def test_yaml(line: str, oracle: Oracle, tmp_path: Path) -> None:
    """One feature before a whole kubeconfig."""
    (tmp_path / "kc.conf").write_text(f"{line}\n{YAML}")
    agree(oracle, tmp_path / "kc.conf")
