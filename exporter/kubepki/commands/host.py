"""How this host runs its kubelet and its signer: the commands that do something there. Pure.

`host_finder` looks. Sources: kubeadm's static pods (/etc/kubernetes/manifests), and the unit names that each
distribution installs.
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
MANIFEST = "/etc/kubernetes/manifests/kube-controller-manager.yaml"
PUT_ASIDE = "/etc/kubernetes/kube-controller-manager.yaml"
KUBELET_CONFIG = "/var/lib/kubelet/config.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What is typed on this host.

    `unit` is the systemd unit in which the kubelet runs, None where none was found. `signer_here` tells that the
    signer's static pod is on this host; otherwise `kubelet_config` is the file whose rotateCertificates can be switched
    off for the time, None where it is not there or does not rotate.
    """

    unit: str | None = "kubelet"
    signer_here: bool = False
    kubelet_config: str | None = None

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
        if self.signer_here:
            return ("mv", MANIFEST, PUT_ASIDE)
        return None if self.kubelet_config is None else _switch(self.kubelet_config, "true", "false")

    @property
    def start_signing(self) -> Words | None:
        """The command that takes `stop_signing` back."""
        if self.signer_here:
            return ("mv", PUT_ASIDE, MANIFEST)
        return None if self.kubelet_config is None else _switch(self.kubelet_config, "false", "true")


PLAIN_HOST = Host()


def _switch(path: str, old: str, new: str) -> Words:
    return ("sed", "-i", f"s/^rotateCertificates: {old}/rotateCertificates: {new}/", path)
