"""Whether a host has left its cluster on purpose. Pure but for what it is given to ask the disk with.

`kubeadm reset` and its like remove the kubelet's kubeconfig, its certificates and its bootstrap file together. An
accident takes one of them.
"""

from collections.abc import Callable

from kubepki.model import Reason, Snapshot
from kubepki.pki import layout
from kubepki.pki.bootstrap import bootstrap_files


def has_departed(snapshot: Snapshot, remembered: frozenset[str], exists: Callable[[str], bool]) -> bool:
    """Return whether all of *remembered* is gone, a kubeconfig among it, and nothing would bring it back.

    *exists* asks the disk for the kubeconfigs and for the bootstrap kubeconfig beside each.
    """
    links = layout.remembered_links(tuple(remembered))
    kubeconfigs = remembered - links
    if not kubeconfigs or any(map(exists, kubeconfigs)):
        return False
    seen = [state for state in snapshot.paths if state.path in remembered]
    if any(fault.reason is not Reason.MISSING for state in seen for fault in state.faults):
        return False
    if any(state.certificates or not state.faults for state in seen):
        return False
    directories = {path.rpartition("/")[0] for path in links}
    if any(state.certificates and state.path.rpartition("/")[0] in directories for state in snapshot.paths):
        return False
    return not any(map(exists, bootstrap_files(kubeconfigs)))
