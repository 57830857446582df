"""What configurations of components name, whatever form they have."""

import json

import pytest
import yaml

from kubepki.formats.components import CLIENT_CA, NamedFile, read_component

API_SERVER = [
    "kube-apiserver",
    "--client-ca-file=/etc/kubernetes/pki/ca.crt",
    "--etcd-cafile=/etc/kubernetes/pki/e.crt",
]


def pod(*command: str, name: str = "kube-apiserver", mounts: dict[str, tuple[str, str]] | None = None) -> bytes:
    """Return a static pod; *mounts* are a host's path and a container's, by the volume's name."""
    mounts = mounts or {}
    container = {
        "name": name,
        "command": list(command),
        "volumeMounts": [{"name": volume, "mountPath": inside} for volume, (_, inside) in mounts.items()],
    }
    volumes = [{"name": volume, "hostPath": {"path": outside}} for volume, (outside, _) in mounts.items()]
    document = {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [container], "volumes": volumes}}
    return yaml.safe_dump(document).encode()


def client_ca(data: bytes) -> list[tuple[str, str]]:
    return [(each.program, each.path) for each in read_component(data).files if each.flag == CLIENT_CA]


def test_a_static_pod() -> None:
    """kubeadm's: paths are the same inside and outside, but where it says otherwise."""
    assert client_ca(pod(*API_SERVER)) == [("kube-apiserver", "/etc/kubernetes/pki/ca.crt")]
    moved = pod(*API_SERVER, mounts={"pki": ("/data/pki", "/etc/kubernetes/pki"), "etc": ("/srv", "/etc")})
    assert client_ca(moved) == [("kube-apiserver", "/data/pki/ca.crt")]


@pytest.mark.parametrize(
    "words",
    [
        ("--client-ca-file", "/ca.crt"),
        ("-ec", "exec watch kube-apiserver --client-ca-file=/ca.crt -v=2"),
        ("--client-ca-file='/ca.crt'",),
        ('--client-ca-file="/ca.crt"', "--v=2"),
    ],
)
def test_flags_as_people_write_them(words: tuple[str, ...]) -> None:
    """A flag and its value in one word, in two, in a shell's line, quoted."""
    assert client_ca(pod("/bin/sh", *words)) == [("kube-apiserver", "/ca.crt")]


@pytest.mark.parametrize(
    "container",
    [
        {"name": "a", "command": ["/usr/local/bin/kube-apiserver"], "args": ["--client-ca-file=/ca.crt"]},
        {"name": "a", "image": "example.org:5000/x/kube-apiserver-amd64:v1.30", "args": ["--client-ca-file=/ca.crt"]},
        {"name": "a", "image": "x/kube-apiserver@sha256:00", "args": ["--client-ca-file", "/ca.crt"]},
        {"name": "a", "command": ["/hyperkube", "kube-apiserver", "-client-ca-file=/ca.crt"]},
        {"name": "a", "command": ["/bin/sh", "-c", "exec kube-apiserver \\\n --client-ca-file=/ca.crt \\\n --v=2"]},
        {
            "name": "kube-apiserver",
            "args": ["--client-ca-file=$(CA)"],
            "env": [{"name": "CA", "value": "/ca.crt"}, {"name": "B", "valueFrom": {}}],
        },
        {"name": "kube-apiserver", "args": ["--client-ca-file=/other.crt", "--client-ca-file=/ca.crt"]},
    ],
)
def test_an_api_server_by_whatever_says_so(container: dict[str, object]) -> None:
    """By its command, its image, hyperkube, a shell's line; with variables; of one flag given twice the last holds."""
    document = {"kind": "Pod", "spec": {"containers": [container]}}
    assert client_ca(json.dumps(document).encode()) == [("kube-apiserver", "/ca.crt")]


def test_a_path_with_blanks() -> None:
    """A word of a command is not parted."""
    assert client_ca(pod("kube-apiserver", "--client-ca-file=/my pki/ca.crt")) == [("kube-apiserver", "/my pki/ca.crt")]


def test_a_variable_that_is_not_known() -> None:
    """It stays as it is, and is no path."""
    assert client_ca(pod("kube-apiserver", "--client-ca-file=$(CA)")) == [("kube-apiserver", "$(CA)")]


def test_the_same_flag_of_another_program() -> None:
    """The controller manager's is no word of the judge's."""
    named = client_ca(pod("kube-controller-manager", "--client-ca-file=/ca.crt", name="kube-controller-manager"))
    assert named == [("kube-controller-manager", "/ca.crt")]


def test_a_kubelets_configuration_as_yaml_and_json() -> None:
    """Both are in use."""
    document = {"kind": "KubeletConfiguration", "authentication": {"x509": {"clientCAFile": "/ca.crt"}}}
    for data in (yaml.safe_dump(document).encode(), json.dumps(document).encode()):
        assert client_ca(data) == [("kubelet", "/ca.crt")]


def test_an_openshift_configuration_has_flags_in_lists() -> None:
    """KubeAPIServerConfig."""
    document = {"kind": "KubeAPIServerConfig", "apiServerArguments": {"client-ca-file": ["/in/ca-bundle.crt"]}}
    assert client_ca(json.dumps(document).encode()) == [("kube-apiserver", "/in/ca-bundle.crt")]


@pytest.mark.parametrize(
    ("text", "program", "flag", "path"),
    [
        (
            "ExecStart=/usr/bin/kube-apiserver \\\n  --client-ca-file=/ca.pem \\\n",
            "kube-apiserver",
            CLIENT_CA,
            "/ca.pem",
        ),
        ("--client-ca-file=${SNAP_DATA}/certs/ca.crt\n", "", CLIENT_CA, "${SNAP_DATA}/certs/ca.crt"),
        ("ETCD_TRUSTED_CA_FILE=/etc/ssl/etcd/ssl/ca.pem\n", "etcd", "trusted-ca-file", "/etc/ssl/etcd/ssl/ca.pem"),
        ("ExecStart=/usr/bin/kubelet --config /k.yaml", "kubelet", "config", "/k.yaml"),
    ],
)
def test_units_and_files_of_arguments(text: str, program: str, flag: str, path: str) -> None:
    """Where flags are plain text, as in units, snaps and environments."""
    assert read_component(text.encode()).files == (NamedFile(program=program, flag=flag, path=path),)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 64,
        b"\xff\xfe",
        b"[]",
        b"kind: Pod\nspec: 7\n",
        b"kind: Pod\nspec: {containers: [7, {command: 7, args: [[1]], volumeMounts: {}}], volumes: [7]}\n",
        b"kind: KubeletConfiguration\nauthentication: [x509]\n",
        b"kind: KubeletConfiguration\nauthentication: {x509: {clientCAFile: [1]}}\n",
        b"-a" * 100_000,
        b"--" + b" " * 100_000,
    ],
)
def test_what_names_nothing(data: bytes) -> None:
    """Any bytes give a result, in little time."""
    assert read_component(data).files == ()
