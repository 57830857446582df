"""Words of the languages that the parsers read: a search finds no such thing byte by byte."""

from kubepki.config.schema import KEYS as _CONFIG_KEYS

_LABELS = ("CERTIFICATE", "PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "X509 CRL")
PEM = tuple(f"-----{edge} {label}-----".encode() for edge in ("BEGIN", "END") for label in _LABELS)
# Tags with their lengths, object identifiers of extensions and algorithms.
_CODES = """
3080 30820100 a003020102 020100 02020080 0303020780 0101ff 0603551d13 0603551d11 0603551d0f 0603551d25 0603551d1e
06082a8648ce3d030107 06092a864886f70d010101 06092a864886f70d010c0a 06092a864886f70d01050d
"""
DER = (*map(bytes.fromhex, _CODES.split()), b"\x17\r210901132124Z", b"\x18\x0f20500101000000Z")
YAML = (
    *(b"<<: *a", b"&a ", b"*a", b"!!binary ", b"!!str ", b"? ", b"---\n", b"|-\n  ", b">+\n  ", b"~"),
    b"0x7fffffffffffffff",
)
_KUBECONFIG_KEYS = """
apiVersion kind clusters users contexts current-context cluster user context name server certificate-authority
certificate-authority-data client-certificate client-certificate-data client-key client-key-data token exec
tls-server-name insecure-skip-tls-verify extensions
"""
KUBECONFIG = tuple(f"{key}: ".encode() for key in _KUBECONFIG_KEYS.split())
COMPONENT = (b"clientCAFile: ", b"command: ", b"hostPath: ", b"mountPath: ", b"--config=", b"--client-ca-file ")
_HTTP_WORDS = """
GET HEAD OPTIONS CONNECT HTTP/1.1 HTTP/1.0 HTTP/0.9 http:// Host: Content-Length: Transfer-Encoding: chunked Connection:
close keep-alive Expect: 100-continue Upgrade: Accept-Encoding: Authorization: %0d%0a
"""
HTTP = (*(word.encode() for word in _HTTP_WORDS.split()), b"\r\n", b"\r\n\r\n", b"\r\n ")
ACCEPT = (
    *(b"application/openmetrics-text", b"text/plain", b"version=1.0.0", b"version=0.0.4", b"escaping=", b"allow-utf-8"),
    *(b";q=", b"gzip", b"identity", b"*;q=0", b"application/vnd.google.protobuf", b"proto=", b"encoding=delimited"),
)
KEYS = tuple(sorted({part.encode() for key in _CONFIG_KEYS for part in key.split(".")}))
