"""Strict YAML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubepki.config.strict_yaml import MAX_BYTES, MAX_DEPTH, Entries, Items, Node, Text, parse_yaml
from kubepki.settings import ConfigError

SECRET = "c2VjcmV0LWtleS1ieXRlcw"  # noqa: S105 - of nothing


def parse(text: str) -> Node:
    return parse_yaml(text.encode(), source="c.yml")


def plain(node: Node) -> object:
    """Return the tree without its lines."""
    if isinstance(node, Text):
        return None if node.null else node.text
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    return {entry.key: plain(entry.value) for entry in node.entries}


def test_scalars_stay_the_texts_that_they_are() -> None:
    """No yes, octal, sexagesimal, date or float is made of a text."""
    text = "a: yes\nb: 0755\nc: 1:30\nd: 2021-09-01\ne: 1e3\nf: 'x'\ng: \"y\"\n"
    assert plain(parse(text)) == {
        "a": "yes",
        "b": "0755",
        "c": "1:30",
        "d": "2021-09-01",
        "e": "1e3",
        "f": "x",
        "g": "y",
    }


def test_only_an_unquoted_null_is_none() -> None:
    """Nothing, a tilde and the word null; a quoted one is a text."""
    assert plain(parse("a:\nb: ~\nc: null\nd: ''\ne: 'null'\n")) == {
        "a": None,
        "b": None,
        "c": None,
        "d": "",
        "e": "null",
    }


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n", "\ufeff"])
def test_an_empty_document_is_null(text: str) -> None:
    """A file with everything commented out is a good one."""
    assert plain(parse(text)) is None


def test_lines_are_remembered() -> None:
    """Each node and each key knows its line, counted from one."""
    root = parse("# first\na:\n  - x\n  -\n    b: y\n")
    assert isinstance(root, Entries)
    items = root.entries[0].value
    assert isinstance(items, Items)
    inner = items.items[1]
    assert isinstance(inner, Entries)
    assert (root.entries[0].line, items.items[0].line, inner.entries[0].line) == (2, 3, 5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "c.yml:3: duplicate key a, first in line 1; keep one of them"),
        ("a: {b: 1, b: 2}\n", "c.yml:1: duplicate key b, first in line 1; keep one of them"),
        ("a: &x 1\n", "c.yml:1: an anchor or an alias; write the value out"),
        ("a: 1\nb: *x\n", "c.yml:2: an anchor or an alias; write the value out"),
        ("a: !!python/object:os.system 1\n", "c.yml:1: a tag; write the value without one"),
        ("a: !!str 1\n", "c.yml:1: a tag; write the value without one"),
        ("a: 1\n---\nb: 2\n", "c.yml:2: a second document; keep one; no line of --- but the first"),
        ("? [a]\n: 1\n", "c.yml:1: a key that is no text; write keys as plain names"),
        ("a: 1\n<<: {b: 1}\n<<: 1\n", "c.yml:3: duplicate key (not a name), first in line 2; keep one of them"),
        ("a: [1\nb: 2\n", "c.yml:2: not valid YAML: "),
        ("a: 1\n\tb: 2\n", "c.yml:2: not valid YAML: found character (tab) that cannot start any token"),
        ("a: 1\nb: \x07\n", "c.yml:2: a control character; remove it"),
    ],
)
def test_what_a_configuration_has_no_need_of_is_refused(text: str, message: str) -> None:
    """Each refusal names its line and says what to do."""
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert str(caught.value).startswith(message)


def test_other_encodings_are_refused_with_their_line() -> None:
    """Latin-1 is told by its line."""
    with pytest.raises(ConfigError, match=r"^c\.yml:2: not UTF-8; save the file as UTF-8$"):
        parse_yaml(b"a: 1\nb: \xe4\n", source="c.yml")


def test_a_huge_file_is_refused_unread() -> None:
    """More than the bound is no configuration."""
    with pytest.raises(ConfigError, match="larger than 256 KiB"):
        parse_yaml(b"#" * (MAX_BYTES + 1), source="c.yml")


@pytest.mark.parametrize("text", ["[" * 5000, "{a: " * 5000, "- " * 5000])
def test_deep_nesting_is_refused_before_it_costs(text: str) -> None:
    """No recursion error, whatever the style."""
    with pytest.raises(ConfigError, match=f"nested deeper than {MAX_DEPTH} levels"):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n",
        f"a: '{SECRET}\n",
        f"a: [{SECRET}\n",
        f"a: {SECRET}: x\n",
        f"a: &{SECRET} x\n",
        f"a: *{SECRET}\n",
        f"a: !{SECRET}!x y\n",
        f"%TAG !{SECRET}! a\n%TAG !{SECRET}! b\n---\na: 1\n",
        f'a: "\\x{SECRET}"\n',
        f"{SECRET}=/+: 1\n{SECRET}=/+: 2\n",
        f"a: |9{SECRET}\n",
        f"{SECRET}\n: - {{\n",
    ],
)
def test_no_value_gets_into_a_message(text: str) -> None:
    """A private key given by mistake as the configuration is not printed."""
    try:
        parse(text)
    except ConfigError as error:
        assert SECRET not in str(error)  # noqa: PT017 - some are valid YAML


@given(st.binary(max_size=300) | st.text(alphabet="ab:-[]{}&*!|>'\"\n #,?%\t\\", max_size=60).map(str.encode))
def test_any_bytes_are_a_tree_or_one_line_of_error(data: bytes) -> None:
    """Nothing but ConfigError is raised."""
    try:
        parse_yaml(data, source="c.yml")
    except ConfigError as error:
        assert "\n" not in str(error)  # noqa: PT017 - not raising is good, too
