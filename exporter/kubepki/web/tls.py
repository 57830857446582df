"""The `tls_server_config` of a web configuration as an ssl.SSLContext."""

import contextlib
import ipaddress
import os
import ssl
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from kubepki.disk.own import read_own
from kubepki.settings import ConfigError

_MAX_FILE_BYTES = 4 << 20
_MFD_NOEXEC_SEAL = 0x8  # linux/memfd.h
_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_CLIENT_AUTH = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
# Go's crypto/tls names (the file format's) to OpenSSL's. TLS 1.3 suites are always on, in Go as in OpenSSL.
_CIPHERS = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
}
_TLS13_CIPHERS = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
_CURVES = {"CurveP256": "prime256v1", "CurveP384": "secp384r1", "CurveP521": "secp521r1", "X25519": "X25519"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsConfig:
    """The keys of `tls_server_config`; paths are absolute, names are those of the file format."""

    cert_file: str
    key_file: str
    client_ca_file: str = ""
    client_auth_type: str = "NoClientCert"
    client_allowed_sans: tuple[str, ...] = ()
    min_version: str = "TLS12"
    max_version: str = "TLS13"
    cipher_suites: tuple[str, ...] = ()
    prefer_server_cipher_suites: bool = True
    curve_preferences: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """The files that the context is made of."""
        return tuple(path for path in (self.cert_file, self.key_file, self.client_ca_file) if path)


def make_context(config: TlsConfig) -> ssl.SSLContext:
    """Return a server's context; ConfigError where a value or a file cannot be used."""
    _check(config)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[config.min_version]
    context.maximum_version = _VERSIONS[config.max_version]
    if not config.prefer_server_cipher_suites:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    ciphers = [_CIPHERS[name] for name in config.cipher_suites if name in _CIPHERS]
    if ciphers:
        context.set_ciphers(":".join(ciphers))
    if len(config.curve_preferences) == 1:
        context.set_ecdh_curve(_CURVES[config.curve_preferences[0]])
    certificate, key, authorities = (
        _content(key, path)
        for key, path in (
            ("cert_file", config.cert_file),
            ("key_file", config.key_file),
            ("client_ca_file", config.client_ca_file),
        )
    )
    try:
        with _held(certificate) as certificate_file, _held(key) as key_file:
            # Without a password OpenSSL would ask the terminal for that of an encrypted key.
            context.load_cert_chain(certificate_file, key_file, password="")
    except (OSError, ValueError) as error:
        what = f"cert_file {config.cert_file} with key_file {config.key_file} cannot be used: {_reason(error)}"
        raise ConfigError(what, hint="the key must be unencrypted PEM and belong to the certificate") from error
    if config.client_ca_file:
        try:
            with _held(authorities) as authorities_file:
                context.load_verify_locations(authorities_file)
        except (OSError, ValueError) as error:
            what = f"client_ca_file {config.client_ca_file} cannot be used: {_reason(error)}"
            raise ConfigError(what, hint="it must hold PEM certificates") from error
    context.verify_mode = _CLIENT_AUTH[config.client_auth_type]
    return context


def without_effect(config: TlsConfig) -> tuple[str, ...]:
    """Return what of the configuration OpenSSL's interface in Python cannot do, one line each."""
    if len(config.curve_preferences) > 1:
        return ("curve_preferences with more than one curve has no effect; name one to enforce it",)
    return ()


def peer_allowed(config: TlsConfig, tls: ssl.SSLSocket) -> bool:
    """Return whether the verified client certificate has one of `client_allowed_sans`; True where none is asked."""
    if not config.client_allowed_sans:
        return True
    certificate = tls.getpeercert() or {}
    names = {_normal(str(pair[1])) for pair in certificate.get("subjectAltName", ())}
    return not names.isdisjoint(_normal(name) for name in config.client_allowed_sans)


def _content(key: str, path: str) -> bytes:
    return read_own(path, _MAX_FILE_BYTES, what=f"{key} {path}", where="") if path else b""


@contextlib.contextmanager
def _held(content: bytes) -> Iterator[str]:
    """Hold *content* in memory and yield a path of it: OpenSSL opens files itself, and would wait for a pipe."""
    try:
        descriptor = os.memfd_create("kubepki-tls", os.MFD_CLOEXEC | _MFD_NOEXEC_SEAL)
    except OSError:  # Linux before 6.3
        descriptor = os.memfd_create("kubepki-tls", os.MFD_CLOEXEC)
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        file.write(content)
        yield f"/proc/self/fd/{file.fileno()}"


def _check(config: TlsConfig) -> None:
    _known("min_version", (config.min_version,), _VERSIONS)
    _known("max_version", (config.max_version,), _VERSIONS)
    _known("client_auth_type", (config.client_auth_type,), _CLIENT_AUTH)
    _known("cipher_suites", config.cipher_suites, (*_CIPHERS, *_TLS13_CIPHERS))
    _known("curve_preferences", config.curve_preferences, _CURVES)
    if _VERSIONS[config.min_version] > _VERSIONS[config.max_version]:
        what = "min_version is later than max_version"
        raise ConfigError(what)
    verifies = config.client_auth_type != "NoClientCert"
    if config.client_ca_file and not verifies:
        what = "client_ca_file has no effect without client_auth_type"
        raise ConfigError(what, hint="add client_auth_type: RequireAndVerifyClientCert")
    if verifies and not config.client_ca_file:
        what = f"client_auth_type {config.client_auth_type} needs client_ca_file"
        raise ConfigError(what)
    if config.client_allowed_sans and config.client_auth_type != "RequireAndVerifyClientCert":
        what = "client_allowed_sans needs client_auth_type: RequireAndVerifyClientCert"
        raise ConfigError(what)


def _known(key: str, values: Iterable[str], known: Collection[str]) -> None:
    for value in values:
        if value not in known:
            what = f"tls_server_config.{key}: a value that is not supported"
            raise ConfigError(what, hint=f"use one of {', '.join(known)}")


def _normal(name: str) -> str:
    try:
        return str(ipaddress.ip_address(name.strip()))
    except ValueError:
        return name


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or "not readable as PEM"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)
