"""YAML's merge keys (`<<`), as client-go's YAML library takes them."""

import base64

import pytest

from kubepki.formats.kubeconfig_reader import parse_kubeconfig
from kubepki.formats.yaml_tree import Problem, read_tree
from tests.support import pki


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a: &a {x: '1', z: '2'}\nb: {<<: *a, z: '3'}", {"a": {"x": "1", "z": "2"}, "b": {"x": "1", "z": "3"}}),
        ("<<: [{x: '1'}, {x: '2', z: '3'}]", {"x": "1", "z": "3"}),
        ("{<<: {<<: {x: '1'}}}", {"x": "1"}),
        ("'<<': {x: '1'}", {"<<": {"x": "1"}}),
        ("<<: []", {}),
        ("- <<", ["<<"]),
        ("x: <<", {"x": "<<"}),
    ],
)
def test_merge_keys(text: str, tree: object) -> None:
    """A plain key only; a list of mappings gives way to its first."""
    assert read_tree(text.encode()) == tree


@pytest.mark.parametrize("text", ["<<: text", "<<: [text]", "<<: ", "<<: [[{a: b}]]"])
def test_a_merge_of_no_mapping_is_a_problem(text: str) -> None:
    """The library refuses it, and so the kubeconfig is not readable."""
    assert read_tree(text.encode()) == Problem("YAML with a merge key (<<) of something that is no mapping")


def test_merged_mappings_are_bounded() -> None:
    """An alias is a reference, a merge is a copy."""
    many = ", ".join(f"k{number}: v" for number in range(20_000))
    text = f"a: &a {{{many}}}\nb: {{<<: *a}}\nc: {{<<: *a}}"
    assert isinstance(read_tree(text.encode()), Problem)


def test_a_merged_cluster_keeps_its_certificate() -> None:
    """What was dropped silently."""
    data = base64.b64encode(pki.authority().certificate_pem).decode()
    text = f"common: &c {{certificate-authority-data: {data}}}\nclusters: [{{name: k, cluster: {{<<: *c, server: 'https://k'}}}}]"
    found = parse_kubeconfig(text.encode())
    assert [each.entry for each in found.embedded] == ["cluster/k"]
