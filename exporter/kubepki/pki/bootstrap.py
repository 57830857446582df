"""Which kubelets wait for their first certificate: nothing of theirs is lost, for it was never there.

Sources: the kubelet's pkg/kubelet/certificate/bootstrap/bootstrap.go, and a real one. A kubelet that rotates writes its
kubeconfig before its request is answered, so that the kubeconfig names a link that is not there yet; one that does not
rotate keeps the key of its request in `kubelet-client.key.tmp` until then. kubeadm removes the bootstrap kubeconfig
after the join.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from kubepki.disk.disk import Disk
from kubepki.model import Fault, Reason
from kubepki.pki import layout
from kubepki.pki.states import Loaded
from kubepki.pki.wanted import Listing, Wanted

PREFIX = "kubelet-client"
_LINK = PREFIX + layout.CURRENT
_KEY_OF_THE_REQUEST = f"{PREFIX}.key.tmp"
# kubeadm and most others; k0s; what cloud images use.
KUBECONFIGS = ("bootstrap-kubelet.conf", "kubelet-bootstrap.conf", "bootstrap-kubeconfig")
_DETAIL = "the kubelet waits for its first certificate; its request is not approved or not signed yet"


def bootstrap_files(kubeconfigs: Iterable[str]) -> tuple[str, ...]:
    """Return where the bootstrap kubeconfig of a host with *kubeconfigs* may be: beside each of them."""
    parents = dict.fromkeys(path.rpartition("/")[0] for path in kubeconfigs)
    return tuple(f"{parent}/{name}" for parent in parents for name in KUBECONFIGS)


def waiting(
    loaded: Mapping[str, Loaded],
    listings: Iterable[Listing],
    kubeconfigs: Iterable[str],
    remembered: frozenset[str],
    disk: Disk,
) -> dict[str, Loaded]:
    """Return the client links of kubelets that wait, as they are to be judged.

    A link that is among *remembered* was there: only the key of a request then shows that its kubelet asks anew.
    """
    places = {each.directory for each in loaded.values() if _is_missing_link(each)}
    places |= {listing.path for listing in listings if listing.fault is None and _LINK not in listing.names}
    places -= {each.directory for each in loaded.values() if layout.dated_prefix(each.name) == PREFIX}
    if not places:
        return {}
    keys = {f"{place.rstrip('/')}/{_KEY_OF_THE_REQUEST}": place for place in places}
    asking = {keys[path] for path in disk.existing(keys)}
    kubeconfigs = tuple(kubeconfigs)
    expected = {
        each.directory for each in loaded.values() if _is_missing_link(each) and each.path not in remembered
    } & places
    if expected and disk.existing(bootstrap_files(kubeconfigs)):
        asking |= expected
    if not asking:
        return {}
    times = disk.changed((*asking, *kubeconfigs))
    found = {}
    for place in asking:
        path = f"{place.rstrip('/')}/{_LINK}"
        moments = [moment for each in (place, *kubeconfigs) if (moment := times[each]) is not None]
        fault = Fault(reason=Reason.BOOTSTRAPPING, detail=_DETAIL, since=max(moments, default=None))
        wanted = loaded[path].wanted if path in loaded else Wanted(path=path, expected=True, component=True)
        if path not in loaded or _is_missing_link(loaded[path]):
            found[path] = Loaded(wanted=replace(wanted, expected=True), fault=fault)
    return found


def _is_missing_link(loaded: Loaded) -> bool:
    return loaded.name == _LINK and loaded.fault is not None and loaded.fault.reason is Reason.MISSING
