"""Everything loaded -> Snapshot: roles, absorption, fallbacks, faults of places. Pure."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from kubepki.model import Candidate, Certificate, Fault, PathState, Proof, Reason, Snapshot, Standing, Usage
from kubepki.pki import layout
from kubepki.pki.one_name import inode, one_name_for_each_file
from kubepki.pki.states import Loaded, newest_superseded, with_faults
from kubepki.pki.wanted import Sources
from kubepki.pki.wanted_paths import MAX_SUPERSEDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What judging a file needs to know of the host.

    `state` gives the state of a path by itself, `candidate` what it is as a fallback. `proof` says who issued a file,
    with the one that its link leads to. `foreign` gives the fingerprints of the CAs in a file that are not this
    cluster's, `followed` of those that another one in it has followed. `authorities` are the fingerprints of all CAs
    that CA files and kubeconfigs hold. `real_directory` resolves a directory's links.
    """

    state: Callable[[Loaded, Standing], PathState | None]
    candidate: Callable[[Loaded, Certificate | None, Proof], Candidate]
    proof: Callable[[Loaded, Loaded | None], Proof]
    foreign: Callable[[Loaded], frozenset[str]]
    followed: Callable[[Loaded], frozenset[str]]
    authorities: frozenset[str]
    real_directory: Callable[[str], str]


def assemble(
    sources: Sources,
    loaded: Mapping[str, Loaded],
    plain: Mapping[str, PathState],
    kubeconfigs: Iterable[PathState],
    context: Context,
) -> Snapshot:
    """Return the snapshot of all that was *loaded* and is judged together, and of what is *plain*; ordered by path."""
    read = {state.path: state for state in kubeconfigs}
    loaded = one_name_for_each_file(loaded, context.real_directory)
    states = {**plain, **read}
    absorbed = _link_targets(loaded.values())
    superseded: dict[tuple[str, str], list[Loaded]] = defaultdict(list)
    for each in loaded.values():
        if each.path in read:
            # A file pattern may find a kubeconfig too; what it is was said more exactly there.
            continue
        prefix = layout.dated_prefix(each.name)
        expected = each.wanted.expected
        if not expected and each.located and not each.located.is_link and inode(each) in absorbed:
            continue
        if layout.updated_prefix(each.name) is not None:
            prefix = layout.updated_prefix(each.name) or ""
            _add(states, _interrupted(each, loaded.get(_join(each.directory, prefix + layout.CURRENT)), context))
        elif prefix is not None and not expected:
            superseded[each.directory, prefix].append(each)
        else:
            standing = Standing.SUPERSEDED if each.wanted.superseded and not expected else Standing.CURRENT
            _add(states, _current_state(each, standing, context))
    for (directory, prefix), dated in superseded.items():
        link = loaded.get(_join(directory, prefix + layout.CURRENT))
        for each in newest_superseded(dated, linked=link is not None):
            _add(states, context.state(each, Standing.SUPERSEDED))
        if link is not None and link.path in states:
            states[link.path] = _with_candidates(states[link.path], link, dated, context)
    _add_directories(states, sources, superseded)
    return Snapshot(paths=tuple(map(states.__getitem__, sorted(states))))


def _add(states: dict[str, PathState], state: PathState | None) -> None:
    if state is not None:
        states[state.path] = state


def _link_targets(loaded: Iterable[Loaded]) -> frozenset[tuple[int, int]]:
    return frozenset(
        inode(each)
        for each in loaded
        if each.located and each.located.is_link and layout.updated_prefix(each.name) is None
    )


def _interrupted(loaded: Loaded, current: Loaded | None, context: Context) -> PathState:
    """Return the state of a `-updated.pem`, as client-go's certificate_store.go takes it at a start and a rotation.

    At a start it is renamed to the current link only where that leads nowhere. A rotation removes it, and fails where
    it is no link.
    """
    if loaded.located is not None and not loaded.located.is_link:
        detail = "the kubelet expects a link here: every rotation fails"
        fault = Fault(reason=Reason.UPDATED_NOT_SYMLINK, detail=detail)
        return PathState(path=loaded.path, standing=Standing.CURRENT, faults=(fault,))
    if current is not None and current.located is not None:
        detail = (
            "left by an interrupted rotation and harmless: the current link is there, the next rotation removes this"
        )
        fault = Fault(reason=Reason.INTERRUPTED_ROTATION, detail=detail, since=loaded.mtime or None)
        return PathState(path=loaded.path, standing=Standing.CURRENT, faults=(fault,))
    state = context.state(loaded, Standing.CURRENT)
    link = None if state is None else state.link
    takes = "which leads to no file" if link is None else f"to {link.target.rpartition('/')[2]}"
    fault = Fault(
        reason=Reason.INTERRUPTED_ROTATION,
        detail=f"a rotation was interrupted: at its next start the kubelet takes up this link, {takes}",
    )
    return PathState(path=loaded.path, standing=Standing.CURRENT, faults=(fault,), link=link)


def _current_state(loaded: Loaded, standing: Standing, context: Context) -> PathState | None:
    state = context.state(loaded, standing)
    if state is None:
        return None
    if state.link is not None and layout.current_prefix(loaded.name) is not None:
        directory = _parent(state.link.target)
        if directory != context.real_directory(loaded.directory):
            detail = f"its target is in {directory}: the kubelet writes beside the link"
            state = with_faults(state, Fault(reason=Reason.OUTSIDE_DIRECTORY, detail=detail))
    if loaded.anchor is not None and loaded.anchor not in context.authorities:
        state = replace(state, certificates=tuple(_self_signed(each, loaded.anchor) for each in state.certificates))
    foreign = context.foreign(loaded) if standing is Standing.CURRENT else frozenset()
    if standing is Standing.CURRENT:
        state = with_superseded(state, context.followed(loaded) - foreign)
    if foreign:
        certificates = tuple(replace(each, foreign=each.fingerprint_sha256 in foreign) for each in state.certificates)
        others = all(each.foreign for each in certificates)
        state = replace(state, certificates=certificates, standing=Standing.TRUST_STORE if others else standing)
    return state


def with_superseded(state: PathState, fingerprints: Collection[str]) -> PathState:
    """Return *state* in which the certificates of these *fingerprints* are superseded."""
    if not fingerprints:
        return state
    marked = (
        replace(each, superseded=True) if each.fingerprint_sha256 in fingerprints else each
        for each in state.certificates
    )
    return replace(state, certificates=tuple(marked))


def _self_signed(certificate: Certificate, anchor: str) -> Certificate:
    # The throw-away CA shares the fate of its leaf: neither is trusted by anything.
    if certificate.entry == "0" or certificate.fingerprint_sha256 == anchor:
        return replace(certificate, usage=Usage.SELF_SIGNED)
    return certificate


def _with_candidates(state: PathState, link: Loaded, dated: list[Loaded], context: Context) -> PathState:
    current = link.leaf.certificate if link.leaf else None
    newest = sorted(dated, key=lambda each: each.name, reverse=True)[:MAX_SUPERSEDED]
    # Where the link leads to nothing, the newest that can be read worked last.
    last = link if link.leaf else next((each for each in newest if each.leaf), None)
    return replace(
        state,
        candidates=tuple(context.candidate(each, current, context.proof(each, last)) for each in newest),
    )


def _add_directories(
    states: dict[str, PathState], sources: Sources, superseded: Mapping[tuple[str, str], list[Loaded]]
) -> None:
    counts: dict[str, int] = defaultdict(int)
    for (directory, _), dated in superseded.items():
        counts[directory] += len(dated)
    for listing in sources.listings:
        faults = [listing.fault] if listing.fault else []
        if counts[listing.path] > MAX_SUPERSEDED:
            detail = f"more than {MAX_SUPERSEDED} superseded files; only the newest are looked at"
            faults.append(Fault(reason=Reason.TOO_MANY_FILES, detail=detail))
        if not listing.explicit:
            faults = [fault for fault in faults if fault.reason is not Reason.MISSING]
        if listing.explicit or faults:
            _add(states, with_faults(_directory(states, listing.path), *faults))
    for path in sources.overfull:
        detail = "more files than --scan.max-files allows; the others are not looked at"
        _add(states, with_faults(_directory(states, path), Fault(reason=Reason.TOO_MANY_FILES, detail=detail)))
    for path, fault in sources.silent:
        _add(states, with_faults(_directory(states, path), fault))


def _directory(states: Mapping[str, PathState], path: str) -> PathState:
    return states.get(path, PathState(path=path, standing=Standing.CURRENT))


def _join(directory: str, name: str) -> str:
    return f"{directory.rstrip('/')}/{name}"


def _parent(path: str) -> str:
    return path.rpartition("/")[0] or "/"
