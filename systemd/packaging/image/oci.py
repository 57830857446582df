# ruff: noqa: INP001 - a script, in no package
"""Write a root file system as one container image: an OCI image layout in a tar, which `docker load` reads, too.

The same tree gives the same bytes: everything belongs to root and is dated SOURCE_DATE_EPOCH.
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NAME = "kubepki-exporter"
# What a pod mounts; they exist, for the root file system may be read-only.
MOUNTPOINTS = ("dev", "proc", "run", "sys", "tmp", "etc/kubernetes", "var/lib/kubelet", "var/lib/kubepki-exporter")
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def write_image(root: Path, target: Path, *, architecture: str, version: str, epoch: int) -> None:
    """Write the tree *root* as the image *target* for *architecture* (Go's name), dated *epoch* (Unix seconds)."""
    plain = _layer(root, epoch)
    layer = gzip.compress(plain, compresslevel=9, mtime=0)
    config = _json(
        {
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch)),
            "architecture": architecture,
            "os": "linux",
            "config": {
                "User": "0:0",
                "Entrypoint": ["/usr/bin/kubepki-exporter"],
                "Env": [
                    "PATH=/usr/bin",
                    "LANG=C.UTF-8",
                    "PYTHONDONTWRITEBYTECODE=1",
                    "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt",
                ],
                "ExposedPorts": {"10509/tcp": {}},
                "WorkingDir": "/",
                "Labels": {
                    "org.opencontainers.image.title": NAME,
                    "org.opencontainers.image.version": version,
                    "org.opencontainers.image.licenses": "Apache-2.0",
                },
            },
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(plain).hexdigest()}"]},
            "history": [{"created_by": "systemd/packaging/build-image.sh"}],
        }
    )
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": _descriptor(_CONFIG, config),
            "layers": [_descriptor(_LAYER, layer)],
        }
    )
    # A tag may hold neither "~" nor "+".
    tag = version.replace("~", "-").replace("+", "-")
    index = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [
            {
                **_descriptor(_MANIFEST, manifest),
                "platform": {"architecture": architecture, "os": "linux"},
                "annotations": {"io.containerd.image.name": f"{NAME}:{tag}", "org.opencontainers.image.ref.name": tag},
            }
        ],
    }
    for_docker = [{"Config": _blob(config), "RepoTags": [f"{NAME}:{tag}"], "Layers": [_blob(layer)]}]
    files = {
        "oci-layout": _json({"imageLayoutVersion": "1.0.0"}),
        "index.json": _json(index),
        "manifest.json": _json(for_docker),
        **{_blob(data): data for data in (config, layer, manifest)},
    }
    with tarfile.open(target, "w", format=tarfile.GNU_FORMAT) as archive:
        for name, data in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(data), 0o644, epoch
            archive.addfile(entry, io.BytesIO(data))


def _layer(root: Path, epoch: int) -> bytes:
    def normal(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        entry.mtime = epoch
        entry.mode |= 0o444 if entry.isfile() else 0o555
        entry.mode &= ~0o022
        if entry.name in ("tmp", "var/tmp"):
            entry.mode = 0o1777
        return entry

    for name in MOUNTPOINTS:
        (root / name).mkdir(parents=True, exist_ok=True)
    # What is mounted over it has to have something below it.
    (root / "etc" / "localtime").unlink(missing_ok=True)
    (root / "etc" / "localtime").touch()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(root.rglob("*")):
            archive.add(path, str(path.relative_to(root)), recursive=False, filter=normal)
    return buffer.getvalue()


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _descriptor(media_type: str, data: bytes) -> Mapping[str, Any]:
    return {"mediaType": media_type, "digest": f"sha256:{hashlib.sha256(data).hexdigest()}", "size": len(data)}


def _blob(data: bytes) -> str:
    return f"blobs/sha256/{hashlib.sha256(data).hexdigest()}"


def main() -> None:
    """Read the command line and write the image."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--arch", required=True)
    parser.add_argument("--version", required=True)
    given = parser.parse_args()
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or time.time())
    write_image(given.root, given.target, architecture=given.arch, version=given.version, epoch=epoch)


if __name__ == "__main__":
    main()
