"""What the service loads before its first scrape, and what it does not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

# Each costs every host memory, and is of use to few: TLS, e-mail, servers, YAML, X.509, the command line's other half.
NOT_LOADED = {
    "argparse",
    "cryptography",
    "email",
    "hashlib",
    "http.client",
    "http.server",
    "ssl",
    "urllib.request",
    "wsgiref",
    "yaml",
    "kubepki.clocks.https",
    "kubepki.web.config",
}
START = "from kubepki.service.ahead import load_service; load_service(); "


def loaded(program: str, tmp_path: Path) -> list[str]:
    """Return what a fresh interpreter prints as JSON after *program*."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        timeout=60,
    )
    names: list[str] = json.loads(done.stdout)
    return names


def test_the_service_loads_little(tmp_path: Path) -> None:
    """None of these is there when the service is ready to start, and prometheus-client is."""
    names = loaded(f"{START}import json, sys; print(json.dumps(sorted(sys.modules)))", tmp_path)
    assert not NOT_LOADED & set(names)
    assert "prometheus_client.exposition" in names


def test_the_servers_can_be_had_afterwards(tmp_path: Path) -> None:
    """The stand-ins are gone: who imports `ssl` or `http.server` later gets the real ones."""
    program = (
        f"{START}import json, ssl, http.server, urllib.request\n"
        "print(json.dumps([ssl.__file__, http.server.__file__, urllib.request.__file__]))"
    )
    assert all(name.endswith(".py") for name in loaded(program, tmp_path))


@pytest.mark.parametrize(
    "text",
    ["import ssl\nssl.create_default_context().load_default_certs()\n", "import urllib.request\nurllib.request.no()\n"],
)
def test_a_library_that_needs_them_at_once_gets_them(text: str, tmp_path: Path) -> None:
    """A version that does more than derive classes is imported again with the real modules, or fails as it would."""
    package = tmp_path / "prometheus_client"
    package.mkdir()
    (package / "__init__.py").write_text(text)
    program = (
        "import json, sys; sys.path.insert(0, '.')\n"
        "from kubepki.service.lean import import_library; import_library()\n"
        "try:\n import prometheus_client\nexcept AttributeError: pass\n"
        "import ssl; print(json.dumps([ssl.__file__]))"
    )
    assert loaded(program, tmp_path)[0].endswith(".py")
