"""Each preset against its documentation, and against what its distribution's components read and present."""

import re
from pathlib import Path

import pytest

from kubepki.config.paths import covers
from kubepki.config.presets import NAMES, PresetSources, expand, marks, recognised

DOCUMENT = (Path(__file__).resolve().parents[3] / "docs" / "presets.md").read_text(encoding="utf-8")
DISTRIBUTIONS = tuple(name for name in NAMES if name != "auto")
K3S = (
    *(
        f"server/tls/{name}.crt"
        for name in (
            "client-admin",
            "client-auth-proxy",
            "client-ca",
            "client-controller",
            "client-k3s-cloud-controller",
            "client-k3s-controller",
            "client-kube-apiserver",
            "client-kube-proxy",
            "client-scheduler",
            "client-supervisor",
            "request-header-ca",
            "server-ca",
            "serving-kube-apiserver",
            "etcd/client",
            "etcd/server-client",
            "etcd/peer-server-client",
            "etcd/server-ca",
            "etcd/peer-ca",
        )
    ),
    *(
        f"agent/{name}.crt"
        for name in ("client-kubelet", "serving-kubelet", "client-kube-proxy", "client-k3s-controller", "client-ca")
    ),
    "agent/kubelet.kubeconfig",
    "agent/kubeproxy.kubeconfig",
    "server/cred/admin.kubeconfig",
    "server/cred/controller.kubeconfig",
    "server/cred/scheduler.kubeconfig",
)
KUBEADM = (
    *(
        f"/etc/kubernetes/pki/{name}.crt"
        for name in ("ca", "apiserver", "apiserver-etcd-client", "apiserver-kubelet-client", "front-proxy-ca")
    ),
    "/etc/kubernetes/pki/front-proxy-client.crt",
    *(f"/etc/kubernetes/pki/etcd/{name}.crt" for name in ("ca", "server", "peer", "healthcheck-client")),
    *(
        f"/etc/kubernetes/{name}.conf"
        for name in ("kubelet", "admin", "super-admin", "controller-manager", "scheduler")
    ),
    "/var/lib/kubelet/pki/kubelet-client-current.pem",
    "/var/lib/kubelet/pki/kubelet.crt",
)
PODS = "/etc/kubernetes/static-pod-resources"
LAYOUTS = {
    "kubeadm": KUBEADM,
    "kubespray": (
        "/etc/kubernetes/ssl/apiserver.crt",
        "/etc/kubernetes/ssl/front-proxy-client.crt",
        "/etc/ssl/etcd/ssl/member-node1.pem",
        "/etc/ssl/etcd/ssl/node-node1.pem",
        "/etc/ssl/etcd/ssl/ca.pem",
        "/etc/kubernetes/kubelet.conf",
        "/var/lib/kubelet/pki/kubelet-client-current.pem",
    ),
    "k3s": (*(f"/var/lib/rancher/k3s/{name}" for name in K3S), "/etc/rancher/k3s/k3s.yaml"),
    "rke2": (*(f"/var/lib/rancher/rke2/{name}" for name in K3S), "/etc/rancher/rke2/rke2.yaml"),
    "k0s": (
        *(
            f"/var/lib/k0s/pki/{name}.crt"
            for name in (
                "ca",
                "server",
                "admin",
                "k0s-api",
                "apiserver-kubelet-client",
                "front-proxy-client",
                "etcd/peer",
            )
        ),
        *(f"/var/lib/k0s/pki/{name}.conf" for name in ("admin", "ccm", "scheduler", "konnectivity")),
        "/var/lib/k0s/kubelet.conf",
        "/var/lib/k0s/kubelet/pki/kubelet-client-current.pem",
    ),
    "microk8s": (
        *(
            f"/var/snap/microk8s/current/certs/{name}.crt"
            for name in ("ca", "server", "kubelet", "front-proxy-ca", "front-proxy-client", "client", "proxy")
        ),
        "/var/snap/microk8s/current/credentials/kubelet.config",
    ),
    "openshift": (
        f"{PODS}/kube-apiserver-certs/configmaps/client-ca/ca-bundle.crt",
        f"{PODS}/kube-apiserver-certs/secrets/aggregator-client/tls.crt",
        f"{PODS}/kube-apiserver-pod-12/secrets/etcd-client/tls.crt",
        f"{PODS}/kube-apiserver-certs/configmaps/trusted-ca-bundle/ca-bundle.crt",
        f"{PODS}/kube-apiserver-certs/secrets/node-kubeconfigs/localhost.kubeconfig",
        f"{PODS}/etcd-certs/secrets/etcd-all-certs/etcd-peer-master-0.crt",
        "/etc/kubernetes/kubelet-ca.crt",
        "/var/lib/kubelet/kubeconfig",
        "/var/lib/kubelet/pki/kubelet-client-current.pem",
        "/var/lib/kubelet/pki/kubelet-server-current.pem",
    ),
    "eks": (
        "/etc/kubernetes/pki/ca.crt",
        "/var/lib/kubelet/kubeconfig",
        "/var/lib/kubelet/pki/kubelet-server-current.pem",
        "/var/lib/kubelet/pki/kubelet-client-current.pem",
    ),
    "gke": (
        "/etc/srv/kubernetes/pki/ca-certificates.crt",
        "/var/lib/kubelet/kubeconfig",
        "/var/lib/kubelet/pki/kubelet-client-current.pem",
        "/var/lib/kubelet/pki/kubelet-server-current.pem",
    ),
    "aks": (
        "/etc/kubernetes/certs/kubeletserver.crt",
        "/etc/kubernetes/certs/ca.crt",
        "/etc/kubernetes/certs/client.crt",
        "/var/lib/kubelet/kubeconfig",
        "/var/lib/kubelet/pki/kubelet-client-current.pem",
    ),
    "talos": (
        "/system/secrets/etcd/ca.crt",
        "/system/secrets/etcd/peer.crt",
        "/system/secrets/etcd/admin.crt",
        "/system/secrets/kubernetes/kube-apiserver/apiserver.crt",
        "/system/secrets/kubernetes/kube-apiserver/front-proxy-client.crt",
        "/system/secrets/kubernetes/kube-scheduler/kubeconfig",
        "/etc/kubernetes/kubeconfig-kubelet",
        "/var/lib/kubelet/pki/kubelet-client-current.pem",
    ),
}


def watched(sources: PresetSources, path: str) -> bool:
    """Return whether a scan with *sources* would look at *path*."""
    directory = path.rpartition("/")[0]
    globs = (*(each.pattern for each in sources.files), *(each.path for each in sources.kubeconfigs))
    return directory in {each.path for each in sources.directories} or any(covers(each, path) for each in globs)


@pytest.mark.parametrize(
    ("there", "found"),
    [
        ({"/etc/kubernetes/pki", "/etc/kubernetes/kubelet"}, ("eks",)),
        ({"/etc/kubernetes/pki", "/system/secrets/etcd"}, ("talos",)),
        ({"/etc/kubernetes/pki"}, ("kubeadm",)),
        ({"/etc/kubernetes/kubelet.conf", "/etc/kubernetes/pki", "/etc/kubernetes/kubelet"}, ("kubeadm", "eks")),
        ({"/etc/kubernetes/pki", "/etc/kubernetes/ssl"}, ("kubeadm", "kubespray")),
        ({"/etc/kubernetes/certs/ca.crt", "/etc/default"}, ("aks",)),
        (set(), ()),
    ],
)
def test_who_keeps_a_directory(there: set[str], found: tuple[str, ...]) -> None:
    """A CA in kubeadm's directory makes no host kubeadm's; kubespray runs kubeadm."""
    assert recognised(there.__contains__) == found


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_the_whole_layout_is_watched(name: str) -> None:
    """Every file that the components of the distribution present or trust, as their own documentation has it."""
    sources = expand([name], lambda _: False)
    assert [path for path in LAYOUTS[name] if not watched(sources, path)] == []


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_each_path_is_documented_with_its_source(name: str) -> None:
    """No path of the code is missing on the page, and no path of the page in the code."""
    (section,) = re.findall(rf"^## {name}\n(.*?)(?=^## |\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|$", section, re.MULTILINE)
    sources = expand([name], lambda _: False)
    own_marks = {path for path in marks() if name in recognised(path.__eq__)}
    used = {
        *own_marks,
        *(each.path for each in sources.directories),
        *(each.path for each in sources.kubeconfigs),
        *(each.pattern for each in sources.files),
        *sources.revisioned,
        *sources.components,
        *sources.authorities,
        *sources.trust_stores,
    }
    assert {path for path, _, _ in rows} == used
    assert len(rows) == len(used)
    assert all(source.strip() for _, _, source in rows)
    told = {path: set(what.split(", ")) for path, what, _ in rows}
    assert {path for path, what in told.items() if "mark" in what} == own_marks
    assert {path for path, what in told.items() if "client CA" in what} == set(sources.authorities)
    assert {path for path, what in told.items() if "configuration" in what} == set(sources.components)


def test_every_preset_has_its_layout() -> None:
    """A new preset comes with both."""
    assert set(LAYOUTS) == set(DISTRIBUTIONS)
