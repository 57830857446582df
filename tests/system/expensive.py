"""What is expensive or hangs, laid into a machine: costly files, and a file system in user space that is dead."""

import contextlib
import shutil
from collections.abc import Iterator

from tests.support import costly, hanging, pki
from tests.support.waiting import wait_until
from tests.system.machine import Machine
from tests.system.node import DIRECTORY

HEAVY, REMOTE = "/etc/kubernetes/heavy", "/etc/kubernetes/remote"
CONFIG = "/etc/kubernetes/aliases.conf"
FLAGS = " ".join((*(f"--pki.directory={each}" for each in (DIRECTORY, HEAVY, REMOTE)), f"--pki.kubeconfig={CONFIG}"))
# The path of each, and the fault that names it.
FAULTS = {
    **dict.fromkeys(
        (f"{HEAVY}/{name}" for name in ("rounds.p12", "bag.p12", "rsa_300000.pem", "rsa_300000_pkcs8.pem")),
        "too_costly",
    ),
    f"{HEAVY}/huge.pem": "too_large",
    f"{HEAVY}/pipe.pem": "not_regular",
    f"{HEAVY}/loop.pem": "symlink_loop",
    f"{REMOTE}/hung.pem": "too_costly",
}
# The file system runs in the machine, with the distribution's Python: the service sees it, and this host does not.
_SERVER = """
import sys, threading
from pathlib import Path
sys.path[:0] = ["/srv/fuse"]
from hanging import Hanging
made = Hanging(Path(sys.argv[1]), {name: Path("/srv/fuse/ca.pem").read_bytes() for name in ("good.pem", "hung.pem")})
made.hangs.add("hung.pem")
print("mounted", flush=True)
sys.stdin.read()
made.close()
"""


@contextlib.contextmanager
def lying_there(machine: Machine) -> Iterator[None]:
    """Lay everything there; in the end nothing of it is left."""
    heavy = machine.path(HEAVY)
    heavy.mkdir(parents=True)
    for name, make in costly.FILES.items():
        (heavy / name).write_bytes(make())
    machine.path(CONFIG).write_bytes(costly.alias_kubeconfig())
    machine.shell(f"cd {HEAVY}; truncate -s 1T huge.pem; mkfifo pipe.pem; ln -s loop.pem loop.pem; mkdir {REMOTE}")
    code = machine.path("/srv/fuse")
    code.mkdir()
    shutil.copy(hanging.__file__, code / "hanging.py")
    (code / "ca.pem").write_bytes(pki.authority().certificate_pem)
    machine.shell("[ -e /dev/fuse ] || mknod -m 600 /dev/fuse c 10 229")
    server = machine.start("/usr/bin/python3", "-c", _SERVER, REMOTE)
    assert server.stdout is not None
    try:
        assert server.stdout.readline() == b"mounted\n"
        yield
    finally:
        server.communicate(timeout=60)
        wait_until(lambda: _is_gone(machine), timeout=60, describe="the end of the file system")
        machine.shell(f"rm -r {HEAVY} {CONFIG} /srv/fuse; rmdir {REMOTE}")


def _is_gone(machine: Machine) -> bool:
    return REMOTE not in machine.run("cat", "/proc/mounts")
