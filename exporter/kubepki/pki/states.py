"""What was located, read and parsed -> the published state of each path. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from kubepki.disk.located import Located
from kubepki.formats.parsed import Parsed, ParsedCertificate, key_match
from kubepki.model import Candidate, Certificate, Fault, Link, PathState, Proof, Reason, Standing, Usage
from kubepki.pki import layout
from kubepki.pki.consumer import certificate_refusal, judged_by_consumer, key_refusal
from kubepki.pki.wanted import Content, Wanted

PUBLISHED_SUPERSEDED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """One wanted path and what the disk gave: where it leads and its content, or the fault.

    `anchor` is the fingerprint of the CA in the file itself that its chain ends in. `key` is the content of the key
    file that pairs with it, where there is one; `key_unread` means that there is one that cannot be read.
    """

    wanted: Wanted
    located: Located | None = None
    mtime: float = 0.0
    parsed: Parsed | None = None
    anchor: str | None = None
    fault: Fault | None = None
    key: Parsed | None = None
    key_unread: bool = False

    # Asked for many times in each scan: the path as found, its last component, the path without it, and the certificate
    # that is presented; None where there is none or it is damaged.
    path: str = field(init=False, repr=False, compare=False)
    name: str = field(init=False, repr=False, compare=False)
    directory: str = field(init=False, repr=False, compare=False)
    leaf: ParsedCertificate | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        directory, _, name = self.wanted.path.rpartition("/")
        for key, value in (
            ("path", self.wanted.path),
            ("name", name),
            ("directory", _shared(directory or "/")),
            ("leaf", self.parsed.leaf if self.parsed else None),
        ):
            object.__setattr__(self, key, value)

    @property
    def resolved(self) -> str:
        """Where the path leads; the path itself where it leads to nothing."""
        return self.located.resolved if self.located else self.path


# Most files of a host are in few directories.
@lru_cache(maxsize=64)
def _shared(directory: str) -> str:
    return directory


class States:
    """The state of each path, made once for as long as what was loaded is the same. For one thread at a time."""

    def __init__(self, name_time: Callable[[str], float | None]) -> None:
        self._name_time = name_time
        self._before: dict[tuple[str, Standing], tuple[Loaded, PathState | None]] = {}
        self._known: dict[tuple[str, Standing], tuple[Loaded, PathState | None]] = {}
        self._candidates_before: dict[str, tuple[Loaded, str | None, Proof, Candidate]] = {}
        self._candidates: dict[str, tuple[Loaded, str | None, Proof, Candidate]] = {}

    def begin(self) -> None:
        """Start a scan: what the last one did not ask for is forgotten."""
        self._before, self._known = self._known, {}
        self._candidates_before, self._candidates = self._candidates, {}

    def candidate(self, loaded: Loaded, current: Certificate | None, proof: Proof) -> Candidate:
        """Return `candidate`, of which a link may have a thousand."""
        subject = None if current is None else current.subject
        known = self._candidates_before.get(loaded.path)
        if known is None or known[0] is not loaded or known[1] != subject or known[2] != proof:
            known = (loaded, subject, proof, candidate(loaded, current, proof))
        self._candidates[loaded.path] = known
        return known[3]

    def of(self, loaded: Loaded, standing: Standing) -> PathState | None:
        """Return `path_state`."""
        key = (loaded.path, standing)
        known = self._before.get(key)
        if known is None or known[0] is not loaded:
            known = (loaded, path_state(loaded, standing, self._name_time))
        self._known[key] = known
        return known[1]


def key_path(loaded: Loaded) -> str | None:
    """Return the path of the separate key file that pairs with *loaded*; None where there is no need of one."""
    if loaded.leaf is None or (loaded.parsed is not None and _holds_a_key(loaded.parsed)):
        return None
    if loaded.wanted.key_path is not None:
        return loaded.wanted.key_path
    sibling = layout.sibling_key_name(loaded.name)
    if sibling is None or layout.holds_key_by_nature(loaded.name):
        return None
    return f"{loaded.directory.rstrip('/')}/{sibling}"


def _holds_a_key(parsed: Parsed) -> bool:
    # A key that Go passes over is nobody's: the component then takes the one beside the file.
    return bool(parsed.keys) and (parsed.consumed is None or parsed.consumed.has_key)


def path_state(loaded: Loaded, standing: Standing, name_time: Callable[[str], float | None]) -> PathState | None:
    """Return the state of one path; None where the content is none of our business (only keys, requests, …)."""
    faults = content_faults(loaded)
    if faults is None:
        return None
    link = None
    if loaded.located is not None and loaded.located.is_link:
        target = loaded.located.resolved
        link = Link(target=target, target_mtime=loaded.mtime, target_name_time=name_time(target.rpartition("/")[2]))
    parsed = loaded.parsed
    return PathState(
        path=loaded.path,
        standing=standing,
        certificates=tuple(each.certificate for each in parsed.certificates) if parsed else (),
        key_match=matching_key(loaded),
        faults=ordered((*faults, *_place_faults(loaded))),
        link=link,
        omitted=parsed.omitted if parsed else 0,
    )


def content_faults(loaded: Loaded) -> list[Fault] | None:
    """Return the faults of a path's content, None where an unexpected file holds no certificate and no fault."""
    parsed = loaded.parsed
    if loaded.fault is not None or parsed is None:
        return [loaded.fault] if loaded.fault else []
    if loaded.wanted.content is Content.KEY and not (parsed.certificates and _has_key(parsed)):
        absent = Fault(reason=Reason.NO_PRIVATE_KEY, detail="there is no private key in it")
        faults = list(parsed.faults) or ([] if _has_key(parsed) else [absent])
        return judged_by_consumer(faults, key_refusal(parsed)) if loaded.wanted.component else faults
    if parsed.certificates or parsed.faults:
        faults = [*parsed.faults, *(_key_faults(loaded, parsed) if parsed.certificates else ())]
        return judged_by_consumer(faults, _refusal(loaded, parsed)) if loaded.wanted.component else faults
    if loaded.wanted.expected or layout.holds_key_by_nature(loaded.name):
        return [Fault(reason=Reason.NO_CERTIFICATE, detail="there is no certificate in it")]
    if loaded.wanted.component and parsed.foreign_certificates:
        return judged_by_consumer([], _refusal(loaded, parsed)) or None
    return None


def _refusal(loaded: Loaded, parsed: Parsed) -> str:
    return certificate_refusal(parsed, loaded.key, pair=layout.holds_key_by_nature(loaded.name))


def _key_faults(loaded: Loaded, parsed: Parsed) -> list[Fault]:
    if matching_key(loaded) is False:
        return [Fault(reason=Reason.KEY_MISMATCH, detail="the private key is not the certificate's")]
    needs_key = layout.holds_key_by_nature(loaded.name) or loaded.wanted.key_path is not None
    # A damaged block may have been the key, and a key file that could not be read may hold it.
    if not needs_key or parsed.faults or loaded.key_unread or _has_key(parsed) or _has_key(loaded.key):
        return []
    return [Fault(reason=Reason.NO_PRIVATE_KEY, detail="its private key is missing")]


def candidate(loaded: Loaded, current: Certificate | None, proof: Proof) -> Candidate:
    """Return *loaded* as a fallback for the link whose leaf is *current*, with all objections but the clocks'."""
    objections = [fault.detail or str(fault.reason) for fault in content_faults(loaded) or ()]
    leaf = loaded.leaf
    if leaf is None and not objections:
        objections.append("there is no certificate in it")
    if leaf is not None:
        if not objections and matching_key(loaded) is not True:
            objections.append("it cannot be told whether its private key matches")
        if current is not None and leaf.certificate.subject != current.subject:
            objections.append("its subject differs from that of the current certificate")
        if loaded.parsed is not None and loaded.parsed.consumed is not None and loaded.parsed.consumed.chain:
            objections.append(f"the API server refuses a certificate behind its first: {loaded.parsed.consumed.chain}")
        if proof.objection:
            objections.append(proof.objection)
    return Candidate(
        path=loaded.path,
        leaf=leaf.certificate if leaf else None,
        objections=tuple(objections),
        proof=proof.by,
        trusted=proof.periods,
    )


def newest_superseded(dated: Sequence[Loaded], *, linked: bool) -> tuple[Loaded, ...]:
    """Return those of the dated files of one prefix that are published.

    With a link: the ten newest by NotBefore, and the ten newest by name of those without any certificate. Without a
    link: the ten newest by name.
    """
    by_name = sorted(dated, key=lambda loaded: loaded.name, reverse=True)
    if not linked:
        return tuple(by_name[:PUBLISHED_SUPERSEDED])
    readable = [loaded for loaded in by_name if loaded.leaf is not None]
    readable.sort(key=lambda loaded: loaded.leaf.certificate.not_before if loaded.leaf else 0.0, reverse=True)
    broken = [loaded for loaded in by_name if loaded.leaf is None]
    return (*readable[:PUBLISHED_SUPERSEDED], *broken[:PUBLISHED_SUPERSEDED])


def ordered(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """Return one fault of each reason, in the order of the reasons."""
    if not faults:
        return ()
    by_reason: dict[Reason, Fault] = {}
    for fault in faults:
        by_reason.setdefault(fault.reason, fault)
    return tuple(by_reason[reason] for reason in Reason if reason in by_reason)


def with_faults(state: PathState, *faults: Fault) -> PathState:
    """Return *state* with further faults."""
    return replace(state, faults=ordered((*state.faults, *faults))) if faults else state


def matching_key(loaded: Loaded) -> bool | None:
    """Return whether the private key of *loaded* is its leaf's; None where that cannot be told."""
    if loaded.parsed is None or loaded.leaf is None:
        return None
    contents = (loaded.parsed,) if loaded.key is None else (loaded.parsed, loaded.key)
    return key_match(loaded.leaf.spki_sha256, *contents)


def is_servers(loaded: Loaded) -> bool:
    """Return whether *loaded* is presented by a server: by the kubelet's own names, else by what it is for."""
    prefix = layout.dated_prefix(loaded.name) or layout.current_prefix(loaded.name)
    if prefix in {"kubelet-client", "kubelet-server"}:
        return prefix == "kubelet-server"
    return loaded.leaf is not None and loaded.leaf.certificate.usage is Usage.SERVER


def _has_key(parsed: Parsed | None) -> bool:
    return parsed is not None and bool(parsed.keys or parsed.opaque_keys)


def _place_faults(loaded: Loaded) -> list[Fault]:
    if layout.current_prefix(loaded.name) is None or loaded.located is None:
        return []
    if not loaded.located.is_link:
        return [Fault(reason=Reason.NOT_SYMLINK, detail="it is a file and no link: the next rotation will fail")]
    return []
