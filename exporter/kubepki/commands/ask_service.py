"""Asks the running service what it exports, for `check` as root and outside the unit sees more than it may."""

import http.client
import os
import ssl
from collections.abc import Mapping

from kubepki.commands.listening import listening
from kubepki.commands.service_view import Exported, ServiceView, exported, unseen_by
from kubepki.config.addresses import split_listen_address
from kubepki.config.flags import load
from kubepki.model import Snapshot
from kubepki.service.unit_view import hiding, unit_properties
from kubepki.settings import ConfigError, Settings

_TIMEOUT_SECONDS = 2.0
_MOST_BYTES = 256 << 20
_PROGRAMS = ("kubepki-exporter", "kubepki")
_NOTHING = Exported(certificates=frozenset(), faults={})
_STOPPED = "its unit does not run, so nobody watches over this host"
_LOOPBACK = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound


def ask_service(
    snapshot: Snapshot, settings: Settings, properties: Mapping[str, str] | None = None
) -> ServiceView | None:
    """Return what the service of this host does not see of *snapshot*; None where no service is found.

    It is looked for where its unit's process listens, else where *settings* listen. *properties* are its unit's, asked
    of systemd where they are not given. Only root is told all of it, and a process within the unit nothing. Where it
    cannot be asked, for it wants a password, what its unit hides is told all the same.
    """
    if os.geteuid() != 0 or "INVOCATION_ID" in os.environ:
        return None
    unit = unit_properties() if properties is None else properties
    pid = unit.get("MainPID", "0")
    flags, settings = _started_with(pid, settings)
    host, port = _where(pid, settings)
    address = f"{'*' if host in _LOOPBACK else host}:{port}"

    def mask(path: str) -> str | None:
        real = os.path.realpath(path)
        found = hiding(path, unit) or hiding(real, unit)
        if found is None and pid != "0" and not os.path.lexists(f"/proc/{pid}/root{real}"):
            return "it is not there in the file system that its unit shows it"
        return found

    try:
        status, text = _get(_LOOPBACK.get(host, host), port, settings.web.telemetry_path)
    except ConnectionRefusedError:
        if pid == "0":
            return ServiceView(address="", problem=_STOPPED) if unit.get("LoadState") == "loaded" else None
        problem, said = "nothing answers there", None
    except (OSError, http.client.HTTPException):
        problem, said = "it does not answer in HTTP, with TLS or without", None
    else:
        said = exported(text) if status == http.client.OK else None
        problem = "" if said is not None else _problem(status)
    if said is None:
        if not problem:
            return None
        unseen = unseen_by(_NOTHING, snapshot, mask, lambda _: True) if pid != "0" else ()
        return ServiceView(address=address, problem=problem, unseen=unseen, flags=flags)
    unseen = unseen_by(said, snapshot, mask, lambda path: _by_another_name(path, said))
    return ServiceView(address=address, unseen=unseen, flags=flags)


def _where(pid: str, settings: Settings) -> tuple[str, int]:
    """Return the host and the port at which the service is to be asked."""
    configured = [split_listen_address(each) for each in settings.web.listen_addresses]
    real = listening(pid) if pid != "0" else ()
    ports = {port for _, port in real}
    # A reload does not move it, and the unit's socket may be another than the configured one.
    known = next((each for each in configured if each[1] in ports), None)
    return known or (real[0] if real else configured[0])


def _problem(status: int) -> str:
    """Return why nothing could be learned of an answer; empty where it is no service of ours."""
    if status == http.client.UNAUTHORIZED:
        return "it wants a password"
    if status == http.client.SERVICE_UNAVAILABLE:
        return "it has not looked for the first time yet"
    return "" if status == http.client.OK else f"it answers with status {status}"


def _started_with(pid: str, settings: Settings) -> tuple[tuple[str, ...] | None, Settings]:
    """Return the flags of the process *pid* and what they mean; *settings* where they cannot be read."""
    if pid == "0":
        return None, settings
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123 - of proc
            words = [os.fsdecode(word) for word in file.read().split(b"\0")[:-1]]
        start = next(place for place, word in enumerate(words) if word.rpartition("/")[2] in _PROGRAMS)
        flags = tuple(word for word in words[start + 1 :] if word != "serve")
        return flags, load(flags, {}, "/").settings
    except (OSError, StopIteration, ConfigError):
        return None, settings


def _get(host: str, port: int, path: str) -> tuple[int, str]:
    """Return status and body of *path*, asked in plain HTTP, and with TLS where that is what is spoken there.

    Its certificate proves nothing here and nothing secret is sent: the port is this host's own.
    """
    try:
        status, body = _answer(http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS), path)
    except ConnectionRefusedError:
        raise
    except (OSError, http.client.HTTPException):
        status, body = http.client.BAD_REQUEST, ""
    if status != http.client.BAD_REQUEST:
        return status, body
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return _answer(http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_SECONDS, context=context), path)


def _answer(connection: http.client.HTTPConnection, path: str) -> tuple[int, str]:
    try:
        connection.request("GET", path, headers={"Accept": "text/plain"})
        answer = connection.getresponse()
        return answer.status, answer.read(_MOST_BYTES).decode("utf-8", "replace")
    finally:
        connection.close()


def _by_another_name(path: str, said: Exported) -> bool:
    real = os.path.realpath(path)
    return any(os.path.realpath(each) == real for each in said.certificates)
