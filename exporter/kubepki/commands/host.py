"""How this host runs its kubelet and its signer: the commands that do something there. Pure.

`host_finder` looks. Sources: kubeadm's static pods (/etc/kubernetes/manifests), the unit names that each distribution
installs, and the kubectl that each brings.
"""

from dataclasses import dataclass

Words = tuple[str, ...]

# The unit in which the kubelet runs; one of its own comes before one that runs more than the kubelet.
UNITS = (
    "kubelet",
    "k0sworker",
    "k0scontroller",
    "k3s-agent",
    "k3s",
    "rke2-agent",
    "rke2-server",
    "snap.microk8s.daemon-kubelite",
)
# The static pod of the signer: kubeadm's and Kubespray's, OpenShift's.
MANIFESTS = (
    "/etc/kubernetes/manifests/kube-controller-manager.yaml",
    "/etc/kubernetes/manifests/kube-controller-manager-pod.yaml",
)
# Units in which the signer is a part of a larger process that has no switch for it.
SIGNER_UNITS = ("k0scontroller", "k3s", "rke2-server", "snap.microk8s.daemon-kubelite")
KUBELET_CONFIG = "/var/lib/kubelet/config.yaml"
ADMIN_KUBECONFIG = "/etc/kubernetes/admin.conf"
_KUBECTL: dict[str, Words] = {
    "k3s": ("k3s", "kubectl"),
    "k0scontroller": ("k0s", "kubectl"),
    "rke2-server": ("/var/lib/rancher/rke2/bin/kubectl", "--kubeconfig=/etc/rancher/rke2/rke2.yaml"),
    "snap.microk8s.daemon-kubelite": ("microk8s", "kubectl"),
}


def put_aside(manifest: str) -> str:
    """Return where a static pod's *manifest* is moved, so that the kubelet ends the pod: out of its directory."""
    return manifest.replace("/manifests/", "/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What is typed on this host.

    `unit` is the systemd unit in which the kubelet runs, None where none was found. `manifest` is that of the signer's
    static pod where it is on this host, `signer_unit` the unit of a larger process that signs. Where neither is here,
    `kubelet_config` is the file whose rotateCertificates can be switched off for the time, None where it is not there
    or does not rotate. `administers` tells that an administrator's kubeconfig of kubeadm is here.
    """

    unit: str | None = "kubelet"
    manifest: str | None = None
    signer_unit: str | None = None
    kubelet_config: str | None = None
    administers: bool = False

    @property
    def signer_here(self) -> bool:
        """Whether this host signs."""
        return self.manifest is not None or self.signer_unit is not None

    @property
    def one_process(self) -> bool:
        """Whether the kubelet and the signer are one process, so that a restart of the one starts the other."""
        return self.signer_unit is not None and self.signer_unit == self.unit

    @property
    def kubectl(self) -> Words:
        """How kubectl is called as an administrator here."""
        if self.administers:
            return ("kubectl", f"--kubeconfig={ADMIN_KUBECONFIG}")
        return _KUBECTL.get(self.signer_unit or "", ("kubectl",))

    @property
    def restart(self) -> Words | None:
        """The command that restarts the kubelet, None where none is known."""
        return None if self.unit is None else ("systemctl", "restart", self.unit)

    @property
    def log(self) -> Words | None:
        """The command that shows the kubelet's log of the last hour, None where none is known."""
        return None if self.unit is None else ("journalctl", "-u", self.unit, "--since", "-1h")

    @property
    def stop_signing(self) -> Words | None:
        """The command that keeps a new certificate from being signed for this host, None where none is known."""
        if self.manifest is not None:
            return ("mv", self.manifest, put_aside(self.manifest))
        if self.signer_unit is not None:
            return ("systemctl", "stop", self.signer_unit)
        return None if self.kubelet_config is None else _switch(self.kubelet_config, "true", "false")

    @property
    def start_signing(self) -> Words | None:
        """The command that takes `stop_signing` back."""
        if self.manifest is not None:
            return ("mv", put_aside(self.manifest), self.manifest)
        if self.signer_unit is not None:
            return ("systemctl", "start", self.signer_unit)
        return None if self.kubelet_config is None else _switch(self.kubelet_config, "false", "true")


PLAIN_HOST = Host()


def _switch(path: str, old: str, new: str) -> Words:
    return ("sed", "-i", f"s/^rotateCertificates: {old}/rotateCertificates: {new}/", path)
