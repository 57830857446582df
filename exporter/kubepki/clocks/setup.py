"""From the configured references to clocks that can be asked."""

from collections.abc import Iterable

from kubepki.clocks.ntp import NtpClock, has_ntplib
from kubepki.clocks.sighting import RemoteClock
from kubepki.pki.apiserver import ApiServer
from kubepki.settings import ClockSettings, ConfigError, HttpsReference, NtpReference


def api_server(found: ApiServer | None, settings: ClockSettings) -> RemoteClock | None:
    """Return the clock of the API server that a scan found, None where there is none or it is not to be asked."""
    if found is None or not settings.apiserver:
        return None
    from kubepki.clocks.https import api_server_clock  # noqa: PLC0415 - TLS is for a host that asks another clock

    server = found.server
    return api_server_clock(
        server.url, ca_pem=found.ca_pem, tls_server_name=server.tls_server_name, insecure=server.insecure
    )


def remote_clocks(references: Iterable[HttpsReference | NtpReference]) -> tuple[RemoteClock, ...]:
    """Return a clock for each reference; raise ConfigError for an NTP server where ntplib is not installed."""
    return tuple(_remote_clock(reference) for reference in references)


def _remote_clock(reference: HttpsReference | NtpReference) -> RemoteClock:
    if isinstance(reference, HttpsReference):
        from kubepki.clocks.https import HttpsClock  # noqa: PLC0415 - as above

        return HttpsClock(source=reference.source, url=reference.url, ca_file=reference.ca_file)
    if not has_ntplib():
        what = f"the reference clock {reference.source} needs ntplib, which is not installed"
        raise ConfigError(what, hint="install kubepki-exporter[ntp] or the package python3-ntplib")
    return NtpClock(source=reference.source, host=reference.host, port=reference.port)
