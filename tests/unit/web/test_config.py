"""The web configuration: what is accepted, what is refused, TLS, passwords and changes, over real connections."""

import base64
import contextlib
import http.client
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import pytest
from cryptography.hazmat.primitives import serialization

from kubepki.settings import ConfigError
from kubepki.web.basic_auth import BasicAuth
from kubepki.web.config import WebConfig
from tests.support.waiting import wait_until
from tests.support.web_client import Authority, Reply, Running, exchange, new_authority, running

HASH = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
TLS = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"


def basic(user: str, password: str) -> str:
    """Return the value of an Authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def https(served: Running, context: ssl.SSLContext) -> Reply:
    """Return the reply to a scrape over TLS."""
    client = http.client.HTTPSConnection("127.0.0.1", served.port, timeout=10, context=context)
    with contextlib.closing(client):
        return exchange(client)


def load(path: Path, text: str) -> WebConfig:
    """Return the configuration *text*, written to *path*."""
    path.write_text(text)
    return WebConfig(str(path), report=lambda _message, _error: None)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    made = new_authority(tmp_path)
    made.issue("server", "127.0.0.1")
    return made


@pytest.fixture
def file(authority: Authority) -> Path:
    return authority.directory / "web.yml"


@pytest.mark.parametrize("text", ["", "---\n", "# nothing\n", "basic_auth_users:\n", "http_server_config: {}\n"])
def test_an_empty_configuration_is_plain_http(file: Path, text: str) -> None:
    """Nothing configured means plain HTTP for everybody."""
    config = load(file, text)
    assert (config.tls_context(), config.headers, config.authorized(None)) == (None, (), True)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("tls_config: {}\n", 1, "unknown key tls_config"),
        ("tls_server_config:\n  cert_file: server.crt\n", 2, "key_file: is needed"),
        (TLS + "  cert: x\n", 4, "unknown key cert"),
        (TLS + "  key_file: server.key\n", 4, "duplicate key"),
        (TLS + "  prefer_server_cipher_suites: perhaps\n", 4, "expected true or false"),
        (TLS + "  cipher_suites: x\n", 4, "expected a list"),
        ("basic_auth_users:\n  joe: [x]\n", 2, "expected a text"),
        ("basic_auth_users: x\n", 1, "expected a mapping"),
        ("http_server_config:\n  headers:\n    X-Frame-Options: no\n", 3, "use deny or sameorigin"),
        ("http_server_config:\n  headers:\n    X-Other: x\n", 3, "unknown key X-Other"),
        ('http_server_config:\n  headers:\n    X-XSS-Protection: "a\\r\\nb"\n', 3, "printable ASCII"),
        ("a: [\n", 2, "YAML"),
    ],
)
def test_what_cannot_be_read_names_the_line(file: Path, text: str, line: int, message: str) -> None:
    """A mistake in the file is one line with the file, its line and what is wrong."""
    with pytest.raises(ConfigError) as caught:
        load(file, text)
    assert f"{file}:{line}: " in str(caught.value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("  min_version: TLS10\n", "use one of TLS12, TLS13"),
        ("  min_version: TLS13\n  max_version: TLS12\n", "later than max_version"),
        ("  client_auth_type: RequireAnyClientCert\n", "use one of NoClientCert"),
        ("  client_auth_type: RequireAndVerifyClientCert\n", "needs client_ca_file"),
        ("  client_ca_file: ca.pem\n", "add client_auth_type"),
        ("  client_allowed_sans: [a]\n", "needs client_auth_type"),
        ("  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]\n", "cipher_suites"),
        ("  curve_preferences: [Curve1]\n", "curve_preferences"),
        ("  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: server.key\n", "must hold PEM certificates"),
    ],
)
def test_tls_values_that_are_refused(file: Path, lines: str, message: str) -> None:
    """What cannot be done, or is not safe, is refused rather than ignored."""
    with pytest.raises(ConfigError) as caught:
        load(file, TLS + lines)
    assert message in str(caught.value)
    assert str(file) in str(caught.value)


def test_files_that_cannot_be_used(authority: Authority, file: Path) -> None:
    """A missing file, an encrypted key and a foreign key are named, without asking a terminal for a password."""
    with pytest.raises(ConfigError, match="No such file"):
        load(file, TLS.replace("server.crt", "absent.crt"))
    authority.issue("other", "127.0.0.1")
    with pytest.raises(ConfigError, match=r"other\.key cannot be used: KEY_VALUES_MISMATCH"):
        load(file, TLS.replace("server.key", "other.key"))
    encrypted = serialization.BestAvailableEncryption(b"password")
    (file.parent / "other.key").write_bytes(
        authority.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encrypted)
    )
    with pytest.raises(ConfigError, match="the key must be unencrypted"):
        load(file, TLS.replace("server.key", "other.key"))
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        WebConfig(str(file.parent / "absent.yml"), report=lambda _message, _error: None)


def test_tls_with_everything(authority: Authority, file: Path) -> None:
    """Versions, suites, preference and curve take effect; what has none is reported."""
    lines = (
        "  min_version: TLS12\n  max_version: TLS12\n  prefer_server_cipher_suites: false\n"
        "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_AES_128_GCM_SHA256]\n"
        "  curve_preferences: [CurveP384]\nhttp_server_config:\n  http2: true\n"
        "  headers:\n    Strict-Transport-Security: max-age=1\n    X-Frame-Options: deny\n"
    )
    file.write_text(TLS + lines)
    with running(web_config=file) as served:
        assert ["HTTP/1.1" in message for message, _ in served.errors] == [True]
        context = authority.client_context()
        reply = https(served, context)
        assert (reply.status, reply.headers["X-Frame-Options"]) == (200, "deny")
        assert reply.headers["Strict-Transport-Security"] == "max-age=1"
        with context.wrap_socket(served.connect(), server_hostname="127.0.0.1") as tls:
            assert (tls.version(), tls.cipher()) == ("TLSv1.2", ("ECDHE-ECDSA-AES256-GCM-SHA384", "TLSv1.2", 256))


def test_mutual_tls(authority: Authority, file: Path, tmp_path: Path) -> None:
    """A client with a certificate of the CA is served; one without, or of another CA, is not."""
    file.write_text(TLS + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n")
    good = authority.issue("prometheus", "prometheus.example")
    foreign = new_authority(tmp_path / "other").issue("prometheus", "prometheus.example")
    with running(web_config=file) as served:
        assert https(served, authority.client_context(good)).status == 200
        for context in (authority.client_context(), authority.client_context(foreign)):
            with pytest.raises((OSError, http.client.HTTPException)):
                https(served, context)
        assert https(served, authority.client_context(good)).status == 200


def test_optional_client_certificate(authority: Authority, file: Path) -> None:
    """VerifyClientCertIfGiven serves clients without a certificate too."""
    file.write_text(TLS + "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca.pem\n")
    with running(web_config=file) as served:
        assert https(served, authority.client_context()).status == 200


@pytest.mark.parametrize(("san", "served"), [("prometheus.example", True), ("::1", True), ("evil.example", False)])
def test_allowed_names(authority: Authority, file: Path, san: str, served: bool) -> None:  # noqa: FBT001 - a table
    """Of the CA's clients only those with an allowed name are served; IP addresses compare by value."""
    file.write_text(
        TLS
        + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n"
        + "  client_allowed_sans: [prometheus.example, '0:0:0:0:0:0:0:1']\n"
    )
    context = authority.client_context(authority.issue("client", san))
    with running(web_config=file) as web:
        if served:
            assert https(web, context).status == 200
        else:
            with pytest.raises((OSError, http.client.HTTPException)):
                https(web, context)


def serial(served: Running, context: ssl.SSLContext) -> object:
    """Return the serial number of the certificate that the server shows."""
    with context.wrap_socket(served.connect(), server_hostname="127.0.0.1") as tls:
        return (tls.getpeercert() or {}).get("serialNumber")


def test_renewed_certificate_is_taken_up(authority: Authority, file: Path) -> None:
    """A replaced pair is shown to the next connections; a broken one is reported once and the former stays."""
    file.write_text(TLS)
    context = authority.client_context()
    with running(web_config=file) as served:
        first = serial(served, context)
        authority.issue("server", "127.0.0.1")
        second = wait_until(
            lambda: (now := serial(served, context)) != first and now, describe="the renewed certificate"
        )
        key = (authority.directory / "server.key").read_bytes()
        (authority.directory / "server.key").write_bytes(b"broken")
        served.errors.clear()
        assert [serial(served, context) for _ in range(3)] == [second] * 3
        assert [isinstance(error, ConfigError) for _, error in served.errors] == [True]
        (authority.directory / "server.key").write_bytes(key)
        wait_until(lambda: serial(served, context) and len(served.errors) > 1, describe="the mended pair")
        assert served.errors[-1][1] is None


def test_reload(authority: Authority, file: Path) -> None:
    """A reload raises for a bad file and keeps the former, and takes a good one."""
    del authority
    config = load(file, "http_server_config:\n  headers:\n    X-Frame-Options: deny\n")
    file.write_text("bad: 1\n")
    with pytest.raises(ConfigError):
        config.reload()
    assert config.headers == (("X-Frame-Options", "deny"),)
    file.write_text("")
    config.reload()
    assert not config.headers


@pytest.fixture
def guarded(file: Path) -> Iterator[Running]:
    file.write_text(f'basic_auth_users:\n  joe: "{HASH}"\n')
    with running(web_config=file) as served:
        yield served


def test_basic_auth_guards_every_path(guarded: Running) -> None:
    """Without the password every path is a 401 with a challenge; with it every path is what it was."""
    for path in ("/", "/metrics", "/-/healthy", "/-/ready", "/nowhere"):
        reply = guarded.request(path)
        assert (reply.status, reply.headers["WWW-Authenticate"].split()[0]) == (401, "Basic")
        good = guarded.request(path, headers={"Authorization": basic("joe", "secret")})
        assert good.status == (404 if path == "/nowhere" else 200)


@pytest.mark.parametrize(
    "header",
    [
        basic("joe", "wrong"),
        basic("joe", ""),
        basic("jim", "secret"),
        basic("", "secret"),
        basic("joe", "secret\0"),
        basic("joe", "x" * 5000),
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"joe").decode(),
        "Bearer secret",
        "basic" + "\xff",
    ],
)
def test_wrong_credentials(guarded: Running, header: str) -> None:
    """Wrong or malformed credentials are a 401, never an error."""
    assert guarded.request(headers={"Authorization": header}).status == 401
    assert guarded.errors == []


def test_scheme_is_case_insensitive_and_htpasswd_prefix() -> None:
    """`basic` is Basic, and the $2y$ that htpasswd writes is bcrypt too."""
    auth = BasicAuth({"joe": "$2y$" + HASH[4:]})
    assert auth.authorized(basic("joe", "secret").replace("Basic", "bAsIc")) is True


def test_colon_and_long_passwords() -> None:
    """A password may hold a colon; bcrypt reads 72 bytes of it, whatever the library's version."""
    long = "a:" + "b" * 70
    auth = BasicAuth({"joe": bcrypt.hashpw(long.encode(), bcrypt.gensalt(4)).decode()})
    assert auth.authorized(basic("joe", long)) is True
    assert auth.authorized(basic("joe", long + "more")) is True
    assert auth.authorized(basic("joe", long[:-1])) is False


def test_a_verified_password_is_checked_once() -> None:
    """A known good password costs no second bcrypt: forty checks take the CPU time of a few."""
    auth = BasicAuth({"joe": bcrypt.hashpw(b"secret", bcrypt.gensalt(12)).decode()})
    began = time.process_time()
    assert auth.authorized(basic("joe", "secret"))
    once = time.process_time() - began
    assert all(auth.authorized(basic("joe", "secret")) for _ in range(40))
    assert time.process_time() - began < 10 * once
    assert auth.authorized(basic("joe", "secre")) is False


@pytest.mark.parametrize("value", ["secret", "$2b$04$short", "$1$abc$def", ""])
def test_a_value_that_is_no_hash(value: str) -> None:
    """A plain password in the file is refused without being repeated."""
    with pytest.raises(ConfigError, match="not a bcrypt hash") as caught:
        BasicAuth({"joe": value})
    assert not value or value not in str(caught.value)


def test_bcrypt_is_optional(tmp_path: Path) -> None:
    """Without the package bcrypt a configuration with users is a ConfigError that says what to install."""
    program = (
        "import sys; sys.modules['bcrypt'] = None\n"
        "from kubepki.web.basic_auth import BasicAuth\n"
        "from kubepki.settings import ConfigError\n"
        f"try: BasicAuth({{'joe': '{HASH}'}})\n"
        "except ConfigError as error: print(error)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True, cwd=tmp_path
    )
    assert "python3-bcrypt" in run.stdout


def test_plain_serving_imports_no_yaml(tmp_path: Path) -> None:
    """A server without a web configuration carries neither PyYAML nor bcrypt nor asyncio."""
    program = (
        "import sys\nimport kubepki.web.server, kubepki.web.site, kubepki.web.listen, kubepki.service.systemd\n"
        "print([name for name in ('yaml', 'bcrypt', 'asyncio', 'kubepki.web.config') if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True, cwd=tmp_path
    )
    assert run.stdout.strip() == "[]"
