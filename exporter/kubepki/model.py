"""The nouns of the exporter.

Rules of this module: immutable values only, no I/O, no clock, no imports of ours.
A `Fault` is a fact about the disk or about parsing. A `Finding` (see `evaluate`) is a judgement of a
`Snapshot` at a `Reading`. The two are never interchanged.

Paths are absolute, not resolved, and `str` as `os.fsdecode` gives them (bytes that are no UTF-8 appear as
surrogates); they become label text only at the edge, by `texts.label_text`. Times are Unix seconds as `float`.
"""

from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """Whether a component presents this file now, or keeps it as a bundle of CAs that are not its own."""

    CURRENT = "current"
    SUPERSEDED = "superseded"
    TRUST_STORE = "trust_store"


class Usage(StrEnum):
    """What a certificate is for, judged by its extensions and never by its name."""

    CLIENT = "client"
    SERVER = "server"
    PEER = "peer"
    SELF_SIGNED = "self_signed"
    CA = "ca"
    OTHER = "other"


class Severity(StrEnum):
    """How urgent a fault or finding is, in the words of the alert label `severity`."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Reason(StrEnum):
    """The closed list of faults. A new one is a change of the contract: docs, a test and a runbook go with it."""

    MISSING = "missing"
    BOOTSTRAPPING = "bootstrapping"
    DANGLING = "dangling"
    SYMLINK_LOOP = "symlink_loop"
    NOT_REGULAR = "not_regular"
    EMPTY = "empty"
    UNPARSABLE = "unparsable"
    NO_CERTIFICATE = "no_certificate"
    NO_PRIVATE_KEY = "no_private_key"
    KEY_MISMATCH = "key_mismatch"
    REFUSED = "refused"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    TOO_COSTLY = "too_costly"
    LOCKED = "locked"
    HIDDEN = "hidden"
    NOT_SYMLINK = "not_symlink"
    OUTSIDE_DIRECTORY = "outside_directory"
    INTERRUPTED_ROTATION = "interrupted_rotation"
    UPDATED_NOT_SYMLINK = "updated_not_symlink"
    TOO_MANY_FILES = "too_many_files"
    KUBECONFIG_STALE = "kubeconfig_stale"
    KUBECONFIG_DIVERGED = "kubeconfig_diverged"

    @property
    def severity(self) -> Severity:
        """The severity of this fault on a path whose standing is `current`, unless `severity_on` knows better."""
        return Severity.CRITICAL if self in _CRITICAL else Severity.WARNING

    def severity_on(self, path: str) -> Severity:
        """Return the severity of this fault on *path*: what hides a component's own certificate is critical."""
        hides = self in _CRITICAL_ON_CURRENT and path.endswith("-current.pem")
        return Severity.CRITICAL if hides else self.severity


_CRITICAL = frozenset(
    {
        Reason.MISSING,
        Reason.DANGLING,
        Reason.SYMLINK_LOOP,
        Reason.NOT_REGULAR,
        Reason.EMPTY,
        Reason.UNPARSABLE,
        Reason.NO_CERTIFICATE,
        Reason.NO_PRIVATE_KEY,
        Reason.KEY_MISMATCH,
        Reason.REFUSED,
        Reason.UPDATED_NOT_SYMLINK,
    }
)

_CRITICAL_ON_CURRENT = frozenset({Reason.TOO_COSTLY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fact that makes a path unusable or suspicious.

    `detail` is one line for a person; it never holds a byte of a file's content. `since` is when it began, in Unix
    seconds by the times of files; None where they do not tell.
    """

    reason: Reason
    detail: str = ""
    since: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What is published of one X.509 certificate (RFC 5280, section 4.1).

    `foreign` marks a CA that no kubeconfig and no component of this host names as its own, `superseded` what a
    kubeconfig embeds for another context than its current one, and a CA that another one in its file has followed:
    neither is ever judged.
    """

    entry: str
    usage: Usage
    subject: str
    issuer: str
    serial: str
    fingerprint_sha256: str
    not_before: float
    not_after: float
    foreign: bool = False
    superseded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """When all CAs of a chain are valid, in Unix seconds."""

    not_before: float
    not_after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What proves that this cluster issued a file, or what stands against it; neither where nobody can tell.

    Both are clauses for a person: "it was issued by `by`", and `objection`. `periods` are when the proof holds, one for
    each chain of CAs; empty where no CA is at hand.
    """

    by: str = ""
    objection: str = ""
    periods: tuple[Period, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A symbolic link that resolves to a file.

    `target` is the resolved absolute path. `target_name_time` is the stamp in a dated name, read as local time of
    the configured time zone (client-go's certificate_store.go writes it so); None where the name has none.
    """

    target: str
    target_mtime: float
    target_name_time: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A superseded sibling of a `-current.pem` link, considered as a fallback.

    `objections` are the reasons why it cannot replace the current file at any time (wrong key, another subject, an
    unknown issuer, unparsable …), each one clause for a person. Validity depends on the clocks and is judged by
    `evaluate`. `leaf` is None where nothing could be parsed; then there is an objection. `proof` is who is known to
    have issued it, empty where nothing proves it; `trusted` when the CAs of that proof are valid, empty where none is
    at hand.
    """

    path: str
    leaf: Certificate | None
    objections: tuple[str, ...] = ()
    proof: str = ""
    trusted: tuple[Period, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PathState:
    """All that the disk says about one published path; `omitted` counts the certificates that the limits left out."""

    path: str
    standing: Standing
    certificates: tuple[Certificate, ...] = ()
    key_match: bool | None = None
    faults: tuple[Fault, ...] = ()
    link: Link | None = None
    candidates: tuple[Candidate, ...] = ()
    omitted: int = 0

    @property
    def judged(self) -> tuple[Certificate, ...]:
        """The certificates that anything depends on: of a current path those that are read, and no other's CAs."""
        if self.standing is not Standing.CURRENT:
            return ()
        return tuple(each for each in self.certificates if not (each.foreign or each.superseded))


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What the disk said, ordered by path; equal snapshots mean equal disks.

    `left_out` are the files that the operator asked to leave out, `ignored` is how many they are; `distributions` are
    the presets whose paths are there, `directories` those that are listed. `departed` means that the host has left its
    cluster: all that was expected is gone together, and nothing has come since.
    """

    paths: tuple[PathState, ...] = ()
    ignored: int = 0
    left_out: tuple[str, ...] = ()
    distributions: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()
    departed: bool = False

    @property
    def nothing_watched(self) -> bool:
        """Whether nothing is looked after: no current certificate, no path that is broken, and no kubeconfig.

        A kubeconfig without a certificate needs none: its user has a token, or asks a program for one.
        """
        return not any(
            state.standing is Standing.CURRENT and (state.judged or state.faults or state.path not in self.directories)
            for state in self.paths
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceReading:
    """Another clock at the moment of a `Reading`.

    `clock` is `apiserver`, `https/NAME` or `ntp/NAME`. `up` is whether the latest poll succeeded. `offset` is that
    clock minus host time in seconds; it is kept for a while when polls fail, then None. `spread` is by how many seconds
    the latest answers differ from each other: behind one address there may be several servers, and `offset` is that of
    the earliest. `certificate` are NotBefore and NotAfter of what the server showed.
    """

    clock: str
    up: bool
    offset: float | None
    spread: float = 0.0
    certificate: tuple[float, float] | None = None

    @property
    def latest(self) -> float | None:
        """The offset of the server whose clock is the latest: it is the first to reject what ends."""
        return None if self.offset is None else self.offset + self.spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """What the kernel thought of its clock when a link was last seen to change; None where that is unknown."""

    path: str
    target: str
    clock_synchronized: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the clocks said, taken once per scrape so that all gauges of one scrape agree.

    Seconds throughout. None means that the source refused or does not exist: the series is then absent, never 0.
    `given` means that a person gave `host_time`; `own_time` is what this host's clock says meanwhile. `earliest` is a
    time that now cannot be before, `earliest_why` a clause that says what happened then; `synchronized_then` the latest
    time that a time daemon wrote which followed others, right or wrong, and such a clause. `kept` tells whether the
    host's clock has run on since `last_synchronized`: False where it was set, None where that is not known, after a
    boot too.
    """

    host_time: float
    given: bool = False
    own_time: float | None = None
    earliest: float | None = None
    earliest_why: str = "this program was built"
    synchronized_then: tuple[float, str] | None = None
    synchronized: bool | None = None
    kept: bool | None = None
    max_error: float | None = None
    estimated_error: float | None = None
    last_synchronized: float | None = None
    steps: int = 0
    last_step: float | None = None
    last_step_time: float | None = None
    rtc_offset: float | None = None
    references: tuple[ReferenceReading, ...] = ()
    rotations: tuple[Rotation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What the service knows of itself at a scrape: its scans, its watch, its configuration.

    `symlink_changes` pairs a link's path with the times it was seen to change its target; `watch_up` pairs each
    configured directory with whether events flow; `slow_paths` pairs a path that has been looked at for more than a
    second with the seconds.
    """

    version: str
    python_version: str
    scans: int = 0
    scan_failures: int = 0
    last_scan_duration: float = 0.0
    last_scan_time: float = 0.0
    watch_events: int = 0
    missed_changes: int = 0
    watch_up: tuple[tuple[str, bool], ...] = ()
    symlink_changes: tuple[tuple[str, int], ...] = ()
    slow_paths: tuple[tuple[str, float], ...] = ()
    last_reload_successful: bool = True
    last_reload_success_time: float = 0.0
