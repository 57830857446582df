"""Whether a host has left its cluster on purpose. Pure but for what it is given to ask the disk with.

`kubeadm reset` and its like remove the kubelet's kubeconfig, its certificates and its bootstrap file together. An
accident takes one of them.
"""

from collections.abc import Callable

from kubepki.model import Reason, Snapshot
from kubepki.pki import layout
from kubepki.pki.bootstrap import bootstrap_files

_KUBELET = "kubelet"


def kubelets(remembered: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the links of *remembered*, and the kubeconfigs that a kubelet reads."""
    links = layout.remembered_links(tuple(remembered))
    kubeconfigs = frozenset(path for path in remembered - links if not layout.is_certificate_name(path))
    if links:
        kubeconfigs = frozenset(path for path in kubeconfigs if _KUBELET in path) or kubeconfigs
    return links, kubeconfigs


def has_departed(snapshot: Snapshot, remembered: frozenset[str], exists: Callable[[str], bool]) -> bool:
    """Return whether what a kubelet has of *remembered* is gone together, and nothing would bring it back.

    *exists* asks the disk for its kubeconfigs and for the bootstrap kubeconfig beside each. What other components have
    may stay: an administrator keeps his `admin.conf`, and nobody removes a CA. A kubelet without links is gone only
    where no kubeconfig and no certificate is left at all.
    """
    links, kubeconfigs = kubelets(remembered)
    if not kubeconfigs or any(map(exists, kubeconfigs)):
        return False
    seen = [state for state in snapshot.paths if state.path in links | kubeconfigs]
    if any(fault.reason is not Reason.MISSING for state in seen for fault in state.faults):
        return False
    if any(state.certificates or not state.faults for state in seen):
        return False
    directories = {path.rpartition("/")[0] for path in links}
    left = [state for state in snapshot.paths if state.certificates]
    if any(not links or state.path.rpartition("/")[0] in directories for state in left):
        return False
    return not any(map(exists, bootstrap_files(kubeconfigs)))
