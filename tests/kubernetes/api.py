"""Questions to the API server, by an administrator whose own clock is right."""

import base64
import http.client
import json
import ssl
from pathlib import Path
from typing import Any

import yaml

from tests.kubernetes.ground import ADDRESS


class Api:
    """Asks as the user of a kubeconfig with embedded data."""

    def __init__(self, kubeconfig: Path, directory: Path) -> None:
        """Keep what *kubeconfig* embeds in *directory*, where TLS can read it."""
        directory.mkdir(mode=0o700)
        document = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
        user, cluster = document["users"][0]["user"], document["clusters"][0]["cluster"]
        for name, data in (
            ("client.crt", user["client-certificate-data"]),
            ("client.key", user["client-key-data"]),
            ("ca.crt", cluster["certificate-authority-data"]),
        ):
            (directory / name).write_bytes(base64.b64decode(data))
        self._tls = ssl.create_default_context(cafile=str(directory / "ca.crt"))
        self._tls.load_cert_chain(directory / "client.crt", directory / "client.key")

    def _ask(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPSConnection(ADDRESS, 6443, context=self._tls, timeout=5)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def answers(self, path: str) -> bool:
        """Return whether *path* is answered with 200."""
        try:
            return self._ask(path)[0] == http.client.OK
        except (OSError, http.client.HTTPException):
            return False

    def get(self, path: str) -> dict[str, Any]:
        """Return the object at *path*, an empty one where there is none."""
        try:
            status, body = self._ask(path)
        except (OSError, http.client.HTTPException):
            return {}
        found: dict[str, Any] = json.loads(body) if status == http.client.OK else {}
        return found

    def ready(self, node: str) -> str:
        """Return the status of *node*'s condition Ready: True, False, Unknown; "" where there is no such node."""
        found = self.get(f"/api/v1/nodes/{node}")
        conditions = found.get("status", {}).get("conditions", [])
        return next((str(each["status"]) for each in conditions if each["type"] == "Ready"), "")

    def beat(self, node: str) -> str:
        """Return the version of *node*'s lease: it changes with each sign of life that the API server accepted."""
        found = self.get(f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{node}")
        return str(found.get("metadata", {}).get("resourceVersion", ""))
