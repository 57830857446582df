"""Which API server the kubeconfigs of this host name. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kubepki.formats.kubeconfig import Server
from kubepki.pki.kubeconfigs import LoadedKubeconfig
from kubepki.pki.states import Loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiServer:
    """The API server that a kubeconfig names, and the PEM of the CAs it is verified against.

    `ca_pem` is None where the kubeconfig names no CA and empty where the named one cannot be read.
    """

    server: Server
    ca_pem: bytes | None


def api_server(kubeconfigs: Iterable[LoadedKubeconfig], loaded: Mapping[str, Loaded]) -> ApiServer | None:
    """Return the first API server that a kubeconfig names together with its CA."""
    for kubeconfig in kubeconfigs:
        server = kubeconfig.content.server if kubeconfig.content else None
        if server is None:
            continue
        ca_pem = server.ca_data
        if ca_pem is None and server.ca_path is not None:
            named = loaded.get(kubeconfig.resolve(server.ca_path) or "")
            certificates = named.parsed.certificates if named is not None and named.parsed is not None else ()
            import ssl  # noqa: PLC0415 - TLS is for a host that asks another clock

            ca_pem = "".join(ssl.DER_cert_to_PEM_cert(each.der) for each in certificates).encode()
        return ApiServer(server=server, ca_pem=ca_pem)
    return None
