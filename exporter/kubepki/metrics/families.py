"""The metric families of the contract, version 1: names, types, labels and help texts.

Pure. `collector` fills them; `docs/metrics.md` is checked against them by a test.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

Sample = tuple[tuple[str, ...], float]
"""The values of the labels in the family's order, and the value."""

CERTIFICATE = ("path", "entry", "standing", "usage")


@dataclass(frozen=True, slots=True)
class Family:
    """One metric family: its full name, its help text and its labels in order."""

    name: str
    help: str
    labels: tuple[str, ...] = ()

    def metric(self, samples: Iterable[Sample] = ()) -> "Told":
        """Return the family with *samples*, which are made when they are asked for."""
        return Told(self, samples)

    def checked(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """Yield *samples*; raise ValueError on a wrong arity, for prometheus-client cuts label values silently."""
        arity = len(self.labels)
        for sample in samples:
            if len(sample[0]) != arity:
                message = f"{self.name} takes the labels {self.labels}, not the values {sample[0]}"
                raise ValueError(message)
            yield sample


@dataclass(frozen=True, slots=True)
class Told:
    """One family with its samples; they can be read once."""

    family: Family
    samples: Iterable[Sample] = ()

    def library(self) -> Metric:
        """Return it as prometheus-client has it; raise ValueError on a wrong arity."""
        family = self.family
        metric: CounterMetricFamily | GaugeMetricFamily
        if family.name.endswith("_total"):
            metric = CounterMetricFamily(family.name, family.help, labels=family.labels)
        else:
            metric = GaugeMetricFamily(family.name, family.help, labels=family.labels)
        for values, value in family.checked(self.samples):
            metric.add_metric(values, value)
        return metric


NOT_BEFORE = Family("kubepki_certificate_not_before_timestamp_seconds", "NotBefore of the certificate.", CERTIFICATE)
NOT_AFTER = Family("kubepki_certificate_not_after_timestamp_seconds", "NotAfter of the certificate.", CERTIFICATE)
NOT_BEFORE_OFFSET = Family(
    "kubepki_certificate_not_before_offset_seconds",
    "NotBefore minus host time at the scrape; above 0 the certificate is future-dated for this host.",
    CERTIFICATE,
)
CERTIFICATE_INFO = Family(
    "kubepki_certificate_info",
    "Identity of the certificate.",
    (*CERTIFICATE, "subject", "issuer", "serial", "fingerprint_sha256"),
)
KEY_MATCH = Family(
    "kubepki_certificate_key_match",
    "1 if the private key belongs to the leaf, 0 if it does not; absent where no key is expected or readable.",
    ("path", "standing"),
)
SYMLINK_INFO = Family("kubepki_symlink_info", "The file that the link resolves to.", ("path", "target"))
SYMLINK_TARGET_MTIME = Family(
    "kubepki_symlink_target_mtime_timestamp_seconds", "Modification time of the link's target.", ("path",)
)
SYMLINK_TARGET_NAME_TIME = Family(
    "kubepki_symlink_target_name_timestamp_seconds",
    "The local-time stamp in the name of the link's target; absent where the name has none.",
    ("path",),
)
SYMLINK_TARGET_AGE = Family(
    "kubepki_symlink_target_age_seconds",
    "Host time minus the modification time of the link's target; negative is future-dated.",
    ("path",),
)
SYMLINK_TARGET_OFFSET = Family(
    "kubepki_symlink_target_offset_seconds",
    "The stamp in the name of the link's target (its mtime where there is none) minus host time; above 0 is ahead.",
    ("path",),
)
SYMLINK_CHANGES = Family(
    "kubepki_symlink_changes_total", "Times the link was seen to change its target since the start.", ("path",)
)
FALLBACK_CERTIFICATES = Family(
    "kubepki_fallback_certificates",
    "Superseded siblings of this link that could replace its target now: valid at the believed time and at the API "
    "server's, key matches, issued by a trusted CA, same subject.",
    ("path",),
)
FALLBACK_INFO = Family(
    "kubepki_fallback_info", "The file that a rollback of this link would choose.", ("path", "fallback")
)
FALLBACK_NOT_BEFORE = Family(
    "kubepki_fallback_not_before_timestamp_seconds", "NotBefore of the file that a rollback would choose.", ("path",)
)
FALLBACK_NOT_AFTER = Family(
    "kubepki_fallback_not_after_timestamp_seconds", "NotAfter of the file that a rollback would choose.", ("path",)
)
FAULT = Family("kubepki_fault", "1 for each fault that holds now; absent otherwise.", ("path", "standing", "reason"))
OMITTED_SERIES = Family(
    "kubepki_omitted_series", "Series of certificates that the limits on output left out; 0 where all is told."
)
PATH_OK = Family("kubepki_path_ok", "1 if the path has no fault, 0 if it has some.", ("path", "standing"))
CERTIFICATES_WATCHED = Family(
    "kubepki_certificates_watched",
    "How many certificates are exported; 0 of current ones is a finding, absent on a host that left its cluster.",
    ("standing",),
)
IGNORED_FILES = Family("kubepki_ignored_files", "How many files --pki.ignore leaves out.")

HOST_TIME = Family("kubepki_host_time_seconds", "Host time (CLOCK_REALTIME) at the scrape.")
HOST_SYNCHRONIZED = Family(
    "kubepki_host_clock_synchronized",
    "1 if the kernel's maximum clock error is under 16 s, else 0; absent where adjtimex is refused.",
)
HOST_LAST_SYNCHRONIZED = Family(
    "kubepki_host_clock_last_synchronized_timestamp_seconds",
    "Host time when the clock was last synchronized; absent if it never was.",
)
HOST_MAX_ERROR = Family("kubepki_host_clock_max_error_seconds", "Maximum error of the clock, by adjtimex.")
HOST_ESTIMATED_ERROR = Family(
    "kubepki_host_clock_estimated_error_seconds", "Estimated error of the clock, by adjtimex."
)
HOST_STEPS = Family("kubepki_host_clock_steps_total", "Steps of the wall clock seen by this process.")
HOST_LAST_STEP = Family(
    "kubepki_host_clock_last_step_seconds", "Signed size of the last step of the wall clock; absent before the first."
)
HOST_LAST_STEP_TIME = Family(
    "kubepki_host_clock_last_step_timestamp_seconds",
    "When the last step of the wall clock was seen, by the new clock; absent before the first.",
)
HOST_RTC_OFFSET = Family(
    "kubepki_host_rtc_offset_seconds", "Hardware clock minus host time; absent where there is no hardware clock."
)
REFERENCE_OFFSET = Family(
    "kubepki_reference_clock_offset_seconds",
    "That clock minus host time; kept for five minutes of failed polls, absent before the first and after a step of "
    "the host's clock until it was asked again.",
    ("clock",),
)
REFERENCE_LATEST = Family(
    "kubepki_reference_clock_latest_offset_seconds",
    "Of several servers behind the API server's address whose clocks are over two minutes apart, the latest minus host "
    "time; the other one is that of the earliest. Absent otherwise.",
    ("clock",),
)
REFERENCE_UP = Family(
    "kubepki_reference_clock_up", "1 if the latest poll of the reference clock succeeded, else 0.", ("clock",)
)
REFERENCE_NOT_BEFORE = Family(
    "kubepki_reference_certificate_not_before_timestamp_seconds",
    "NotBefore of the certificate that the reference clock's server showed at its last poll.",
    ("clock",),
)
REFERENCE_NOT_AFTER = Family(
    "kubepki_reference_certificate_not_after_timestamp_seconds",
    "NotAfter of the certificate that the reference clock's server showed at its last poll.",
    ("clock",),
)
ROTATION_SYNCHRONIZED = Family(
    "kubepki_rotation_clock_synchronized",
    "Whether the clock was synchronized when the link was last seen to change; absent where that is unknown.",
    ("path",),
)

LAST_SCAN_DURATION = Family("kubepki_last_scan_duration_seconds", "Duration of the latest scan.")
LAST_SCAN_TIME = Family("kubepki_last_scan_timestamp_seconds", "Host time at the end of the latest scan.")
SCAN_PATH = Family(
    "kubepki_scan_path_seconds",
    "How long this path has been looked at without an answer; only while that is more than a second.",
    ("path",),
)
SCANS = Family("kubepki_scans_total", "Scans of the PKI.")
SCAN_FAILURES = Family("kubepki_scan_failures_total", "Scans that ended in an internal error.")
WATCH_EVENTS = Family("kubepki_watch_events_total", "File system events that asked for a scan.")
WATCH_MISSED = Family("kubepki_watch_missed_changes_total", "Changes that only a periodic rescan found.")
WATCH_UP = Family(
    "kubepki_watch_up", "1 if events flow for this configured directory, 0 if it is only polled.", ("path",)
)
RELOAD_SUCCESSFUL = Family("kubepki_config_last_reload_successful", "1 if the last reload succeeded, else 0.")
RELOAD_SUCCESS_TIME = Family(
    "kubepki_config_last_reload_success_timestamp_seconds", "Host time of the last successful (re)load."
)
BUILD_INFO = Family(
    "kubepki_exporter_build_info", "Version of the exporter and of its Python.", ("version", "python_version")
)

FAMILIES = tuple(value for value in dict(globals()).values() if isinstance(value, Family))
