"""What the operator asked for, as one immutable tree with its defaults.

Rules of this module: values only; no I/O, no environment, no imports of ours but `model`. Paths are absolute, not
resolved, and `str` as `os.fsdecode` gives them. Durations are seconds, sizes are bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kubepki.texts import label_text

DEFAULT_LISTEN_ADDRESS = ":10509"
DEFAULT_DIRECTORY = "/var/lib/kubelet/pki"
DEFAULT_KUBECONFIG = "/etc/kubernetes/kubelet.conf"


class ConfigError(Exception):
    """A flag or a configuration that cannot be used: what is wrong, where, and what to do, in one line.

    `where` is `FILE:LINE` or the name of a flag, empty where there is no place. Nothing of a file's content but the
    names of its keys goes into `what`.
    """

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        self.what = what
        self.where = where
        self.hint = hint
        text = (f"{where}: " if where else "") + what + (f"; {hint}" if hint else "")
        super().__init__(label_text(text.replace("\n", " ")))

    def placed(self, places: Mapping[str, str]) -> "ConfigError":
        """Return the same error at the place in the file, where it names a flag that *places* (by flag) has."""
        place = places.get(self.where)
        return self if place is None else ConfigError(self.what, where=place, hint=self.hint)


class LogLevel(StrEnum):
    """The least level that is logged, in Prometheus' words."""

    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"


class LogFormat(StrEnum):
    """How a line of the log is written."""

    LOGFMT = "logfmt"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """A directory whose certificate files are read, without its sub-directories.

    `explicit` means that the operator named it: then it is expected, and `missing` while it is not there.
    """

    path: str
    explicit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePattern:
    """One file, or the files that a glob finds.

    Without `wildcard`, `pattern` is a path and expected. With it, `pattern` is a glob whose `*`, `?` and `[…]` do
    not cross a slash and whose `**` stands for any number of directories; a literal wildcard is in brackets. What a
    glob finds is never expected.
    """

    pattern: str
    wildcard: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Kubeconfig:
    """A kubeconfig to read; an `optional` one that is not there is no fault. To be judged at each scan."""

    path: str
    optional: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """What is served, and where.

    `listen_addresses` are `HOST:PORT`, with an empty host for every address of the host (`addresses` splits them).
    `max_requests` bounds the scrapes answered at the same time, 0 is no bound. `config_file` is Prometheus' web
    configuration (TLS and passwords).
    """

    listen_addresses: tuple[str, ...] = (DEFAULT_LISTEN_ADDRESS,)
    telemetry_path: str = "/metrics"
    config_file: str | None = None
    max_requests: int = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class PkiSettings:
    """Where certificates are looked for.

    `presets` are names known to `presets.expand`, which is asked at each scan, because what `auto` finds may come
    later. What a glob of `ignore` covers is not there, whoever names it.
    `timezone` is an IANA name for the stamps in dated file names, None the host's own.
    """

    directories: tuple[Directory, ...] = (Directory(path=DEFAULT_DIRECTORY, explicit=False),)
    files: tuple[FilePattern, ...] = ()
    kubeconfigs: tuple[Kubeconfig, ...] = (Kubeconfig(path=DEFAULT_KUBECONFIG, optional=True),)
    presets: tuple[str, ...] = ("auto",)
    ignore: tuple[str, ...] = ()
    password_file: str | None = None
    timezone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanSettings:
    """How often the disk is read, in seconds, and how much of it at most, in bytes and files."""

    interval: float = 30.0
    reread_interval: float = 600.0
    max_file_size: int = 1 << 20
    max_files: int = 20_000
    file_budget: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSettings:
    """Where facts that outlive a restart are kept; None keeps them in memory only."""

    directory: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpsReference:
    """A clock read from the `Date` header of *url*; `ca_file` holds the trusted CAs, None means the system's."""

    name: str
    url: str
    ca_file: str | None = None

    @property
    def source(self) -> str:
        """The value of the label `source`."""
        return f"https/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NtpReference:
    """A clock read from an NTP server (RFC 5905)."""

    name: str
    host: str
    port: int = 123

    @property
    def source(self) -> str:
        """The value of the label `source`."""
        return f"ntp/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSettings:
    """Which other clocks are asked; `apiserver` is that of the kubelet's kubeconfig, where it names one."""

    apiserver: bool = True
    references: tuple[HttpsReference | NtpReference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """What is logged to stderr, and how."""

    level: LogLevel = LogLevel.INFO
    format: LogFormat = LogFormat.LOGFMT


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that flags, configuration file and environment say. `config_file` is where it was read from.

    `places` gives `FILE:LINE: KEY` for each flag whose value the file chose.
    """

    web: WebSettings = field(default_factory=WebSettings)
    pki: PkiSettings = field(default_factory=PkiSettings)
    scan: ScanSettings = field(default_factory=ScanSettings)
    state: StateSettings = field(default_factory=StateSettings)
    clock: ClockSettings = field(default_factory=ClockSettings)
    log: LogSettings = field(default_factory=LogSettings)
    config_file: str | None = None
    places: Mapping[str, str] = field(default_factory=dict, hash=False, compare=False)
