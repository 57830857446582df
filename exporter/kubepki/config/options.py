"""The one table of what can be configured: each setting's key in the file, its flag, its default and its meaning.

Rules of this module: pure; the parser of flags, the schema of the file, the manual page and the check of
`docs/configuration.md` all come from `OPTIONS`, so that they cannot disagree.
"""

from collections.abc import Mapping

from kubepki.config import values
from kubepki.config.option import Option
from kubepki.config.presets import NAMES
from kubepki.settings import (
    DEFAULT_DIRECTORY,
    DEFAULT_KUBECONFIG,
    DEFAULT_LISTEN_ADDRESS,
    LogFormat,
    LogLevel,
)

_DAY = 86_400.0


GROUPS: Mapping[str, str] = {
    "web": "What is served, and where",
    "pki": "Where certificates are looked for",
    "scan": "How the disk is read",
    "state": "What outlives a restart",
    "clock": "Other clocks",
    "log": "Log, on standard error",
}
# The list of reference clocks is too rich for a flag; it stands in the file alone.
REFERENCES_KEY = "clock.references"
REFERENCE_KEYS: Mapping[str, values.Parse] = {
    "name": values.reference_name,
    "url": values.https_url,
    "ca_file": values.path,
    "host": values.host,
    "port": values.integer(1, 65_535),
}

OPTIONS = (
    Option(
        key="web.listen_addresses",
        flag="--web.listen-address",
        metavar="HOST:PORT",
        default=DEFAULT_LISTEN_ADDRESS,
        help="Address to listen on, without HOST every address of the host.",
        parse=values.listen_address,
        repeated=True,
        service=True,
        fixed=True,
    ),
    Option(
        key="web.telemetry_path",
        flag="--web.telemetry-path",
        metavar="PATH",
        default="/metrics",
        help="Path of the metrics in the URL.",
        parse=values.telemetry_path,
        service=True,
        fixed=True,
    ),
    Option(
        key="web.config_file",
        flag="--web.config.file",
        metavar="FILE",
        default="none: plain HTTP without authentication",
        help="Prometheus' web configuration file, for TLS and passwords.",
        parse=values.path,
        service=True,
        fixed=True,
    ),
    Option(
        key="web.max_requests",
        flag="--web.max-requests",
        metavar="NUMBER",
        default="40",
        help="Most scrapes that are answered at the same time; 0 is no bound.",
        parse=values.integer(0, 10_000),
        service=True,
        fixed=True,
    ),
    Option(
        key="pki.directories",
        flag="--pki.directory",
        metavar="DIR",
        default=DEFAULT_DIRECTORY,
        help="Directory of certificate files, read without its sub-directories. A named one is expected to be there.",
        parse=values.directory,
        repeated=True,
    ),
    Option(
        key="pki.files",
        flag="--pki.file",
        metavar="GLOB",
        default="none",
        help="Further certificate file, or a glob with *, ?, [...] and ** for any depth. "
        "One without wildcard is expected to be there.",
        parse=values.file_pattern,
        repeated=True,
    ),
    Option(
        key="pki.kubeconfigs",
        flag="--pki.kubeconfig",
        metavar="FILE",
        default=f"{DEFAULT_KUBECONFIG}, where it exists",
        help="Kubeconfig whose certificates are read; the files that it names are expected to be there.",
        parse=values.kubeconfig,
        repeated=True,
    ),
    Option(
        key="pki.presets",
        flag="--pki.preset",
        metavar="NAME",
        default="auto, unless a directory or a kubeconfig is named",
        help=f"Paths of a distribution, beside the other sources: {', '.join(NAMES)}. "
        "auto takes those that this host has.",
        parse=values.preset,
        repeated=True,
    ),
    Option(
        key="pki.ignore",
        flag="--pki.ignore",
        metavar="GLOB",
        default="none",
        help="File, directory, or a glob as above, to leave out, whoever names it. How many files there are is "
        "kubepki_ignored_files.",
        parse=values.ignored,
        repeated=True,
    ),
    Option(
        key="pki.password_file",
        flag="--pki.password-file",
        metavar="FILE",
        default="none",
        help="File whose first line opens PKCS#12 files (.p12, .pfx).",
        parse=values.path,
    ),
    Option(
        key="pki.timezone",
        flag="--pki.timezone",
        metavar="ZONE",
        default="the host's",
        help="Time zone of the stamps in dated file names, such as UTC for a kubelet in a container.",
        parse=values.time_zone,
    ),
    Option(
        key="scan.interval",
        flag="--scan.interval",
        metavar="DURATION",
        default="30s",
        help="Longest time between two scans, whether events came or not.",
        parse=values.duration(0.1, 300.0),
        service=True,
    ),
    Option(
        key="scan.reread_interval",
        flag="--scan.reread-interval",
        metavar="DURATION",
        default="10m",
        help="Longest time that the content of a file is taken as known because its identity has not changed.",
        parse=values.duration(0.1, _DAY),
        service=True,
    ),
    Option(
        key="scan.max_file_size",
        flag="--scan.max-file-size",
        metavar="SIZE",
        default="1MiB",
        help="Largest file that is read; a larger one is a fault of its path.",
        parse=values.size(1, 64 << 20),
    ),
    Option(
        key="scan.max_files",
        flag="--scan.max-files",
        metavar="NUMBER",
        default="20000",
        help="Most files of one directory, and of all globs together; the others are not looked at.",
        parse=values.integer(1, 1_000_000),
    ),
    Option(
        key="scan.file_budget",
        flag="--scan.file-budget",
        metavar="DURATION",
        default="1s",
        help="CPU time that parsing one file may take, and time in which a path must answer; more is a fault.",
        parse=values.duration(0.1, 60.0),
    ),
    Option(
        key="state.directory",
        flag="--state.directory",
        metavar="DIR",
        default="$STATE_DIRECTORY, which systemd sets; otherwise none, in memory only",
        help="Directory for what outlives a restart: the last synchronised time and each link's last change.",
        parse=values.path,
        fixed=True,
    ),
    Option(
        key="clock.apiserver",
        flag="--clock.apiserver",
        metavar="true|false",
        default="true",
        help="Ask the API server of the kubelet's kubeconfig for its time, without any credentials.",
        parse=values.boolean,
        switch=True,
    ),
    Option(
        key="log.level",
        flag="--log.level",
        metavar="|".join(LogLevel),
        default="info",
        help="Least level that is logged.",
        parse=values.choice(LogLevel),
    ),
    Option(
        key="log.format",
        flag="--log.format",
        metavar="|".join(LogFormat),
        default="logfmt",
        help="How a line is written.",
        parse=values.choice(LogFormat),
    ),
)
