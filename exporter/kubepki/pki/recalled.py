"""What was there once and need not be: it is remembered by its name, and expected. Pure.

Presets name what components of Kubernetes read. A glob's finds come and go, so only what is named without a wildcard is
remembered: the API server does not start again without its certificate, nor the kubelet without its kubeconfig.
"""

from collections.abc import Collection, Iterable, Mapping

from kubepki.pki.kubeconfigs import LoadedKubeconfig
from kubepki.pki.states import Loaded
from kubepki.pki.wanted import Sources, Wanted
from kubepki.settings import Kubeconfig


def asked_kubeconfigs(sources: Sources, remembered: Collection[str]) -> tuple[Kubeconfig, ...]:
    """Return the kubeconfigs of *sources*; those that are *remembered* are expected, though a preset's marks went."""
    known = {each.path for each in sources.kubeconfigs}
    gone = sorted(path for path in remembered if path in sources.named_kubeconfigs and path not in known)
    return (
        *(
            Kubeconfig(path=each.path, optional=each.optional and each.path not in remembered)
            for each in sources.kubeconfigs
        ),
        *(Kubeconfig(path=path, optional=False) for path in gone),
    )


def recalled_files(sources: Sources, remembered: Collection[str], loaded: Mapping[str, Loaded]) -> dict[str, Wanted]:
    """Return the named files that are *remembered* and not among what was *loaded*, as they are to be looked at."""
    gone = sorted(path for path in remembered if path in sources.named_files and path not in loaded)
    return {path: Wanted(path=path, expected=True, component=True) for path in gone}


def worth_remembering(
    sources: Sources, kubeconfigs: Iterable[LoadedKubeconfig], loaded: Mapping[str, Loaded]
) -> frozenset[str]:
    """Return the named kubeconfigs and files that need not be there, and are."""
    read = {each.path for each in kubeconfigs if each.fault is None}
    there = {path for path in sources.named_files if path in loaded and loaded[path].located is not None}
    return frozenset((sources.named_kubeconfigs & read) | there)
