"""What several of these tests start from."""

from pathlib import Path

import pytest

from tests.support.web_client import Authority, new_authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return a CA for the servers and clients of a module."""
    return new_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def tls_file(authority: Authority) -> Path:
    """Return a web configuration with a certificate of *authority*."""
    authority.issue("server", "127.0.0.1")
    path = authority.directory / "web.yml"
    path.write_text("tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n")
    return path
