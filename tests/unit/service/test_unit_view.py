"""What a unit hides from the service, told from its directives."""

from collections.abc import Mapping

import pytest

from kubepki.service.unit_view import hiding, refuse_hidden
from kubepki.settings import ConfigError

SHIPPED = {"LoadState": "loaded", "InaccessiblePaths": "-/etc/ssl/private -/etc/shadow", "ProtectHome": "yes"}
TMP = "/tmp"  # noqa: S108 - as a unit has it
STRICT = {"TemporaryFileSystem": "/etc:ro /var:ro", "BindReadOnlyPaths": "-/etc/kubernetes /etc/kubepki:/etc/kubepki"}


@pytest.mark.parametrize(
    ("path", "properties", "found"),
    [
        ("/etc/ssl/private/exporter.key", SHIPPED, "InaccessiblePaths=/etc/ssl/private"),
        ("/etc/ssl/private", SHIPPED, "InaccessiblePaths=/etc/ssl/private"),
        ("/etc/ssl/private-not/exporter.key", SHIPPED, None),
        ("/etc/shadow", SHIPPED, "InaccessiblePaths=/etc/shadow"),
        ("/root/web.yml", SHIPPED, "ProtectHome=/root"),
        ("/home/anna/web.yml", {**SHIPPED, "ProtectHome": "no"}, None),
        ("/home/anna/web.yml", {**SHIPPED, "ProtectHome": "read-only"}, None),
        ("/etc/kubepki/web.yml", STRICT, None),
        ("/etc/kubernetes/pki/ca.crt", STRICT, None),
        ("/etc/other/web.yml", STRICT, "TemporaryFileSystem=/etc"),
        ("/etc/other/web.yml", {}, None),
        (f"{TMP}/kubelet/pki", {"PrivateTmp": "yes"}, "PrivateTmp=/tmp"),
        (f"/var{TMP}/kubelet/pki", {"PrivateTmp": "disconnected"}, "PrivateTmp=/var/tmp"),
        (f"{TMP}/kubelet/pki", {"PrivateTmp": "yes", "BindReadOnlyPaths": f"{TMP}/kubelet"}, None),
        (f"{TMP}/kubelet/pki", {"PrivateTmp": "no"}, None),
    ],
)
def test_what_is_hidden(path: str, properties: Mapping[str, str], found: str | None) -> None:
    """A mask hides what lies below it, but for what is bound below the mask."""
    assert hiding(path, properties) == found


def test_refusal_says_where_what_and_what_to_do() -> None:
    """One line names the file, the directive and the way out."""
    with pytest.raises(
        ConfigError, match=r"^/etc/ssl/private/k: .*InaccessiblePaths=/etc/ssl/private; .*LoadCredential"
    ):
        refuse_hidden(("/etc/kubepki-exporter/web.yml", "/etc/ssl/private/k"), SHIPPED)
    refuse_hidden(("/etc/kubepki-exporter/web.yml",), SHIPPED)
