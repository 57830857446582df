"""The ground of a machine of its own: the real paths, empty, in namespaces that are entered already.

Nothing of it is the host's: `/etc` is a copy without a cluster's files, `/var/lib`, `/var/log` and `/run` are empty.
`/proc/sys` cannot be written, for a kubelet writes sysctls that hold for the whole host; it starts only where they are
as it wants them, so what it reads are files of ours (setupKernelTunables in pkg/kubelet/cm/container_manager_linux.go,
the values in node/util/sysctl of component-helpers).
"""

import os
import shutil
import subprocess
from pathlib import Path

ADDRESS = "10.30.0.1"
NEEDED = ("unshare", "mount", "ip")
UNSHARE = ("--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "--kill-child", "--mount-proc")
_EMPTY = ("/var/lib", "/var/log", "/run")
_SYSCTLS = {
    "vm/overcommit_memory": 1,
    "vm/panic_on_oom": 0,
    "kernel/panic": 10,
    "kernel/panic_on_oops": 1,
    "kernel/keys/root_maxkeys": 1_000_000,
    "kernel/keys/root_maxbytes": 25_000_000,
}
_NETWORK = (
    "link set lo up",
    "link add room type veth peer name wall",
    f"address add {ADDRESS}/24 dev room",
    "link set room up",
    "link set wall up",
    "route add default via 10.30.0.254",
)


def furnish(work: Path) -> None:
    """Mount it. Must run as root in new namespaces; raises RuntimeError where it does not."""
    if os.getpid() != 1:
        msg = "this would change the host: it runs as the first process of its own namespaces only"
        raise RuntimeError(msg)
    copy = work / "etc"
    copy.mkdir()
    _mount("-t", "tmpfs", "tmpfs", copy)
    shutil.copytree("/etc", copy, symlinks=True, dirs_exist_ok=True, ignore=_without_clusters)
    _mount("--bind", copy, "/etc")
    for directory in _EMPTY:
        _mount("-t", "tmpfs", "tmpfs", directory)
    if Path("/sys/class/rtc").is_dir():
        _mount("-t", "tmpfs", "tmpfs", "/sys/class/rtc")
    _mount("--bind", "/proc/sys", "/proc/sys")
    _mount("-o", "remount,bind,ro", "/proc/sys")
    for name, value in _SYSCTLS.items():
        shown = work / name.replace("/", ".")
        shown.write_text(f"{value}\n", encoding="ascii")
        if Path("/proc/sys", name).exists():
            _mount("--bind", shown, Path("/proc/sys", name))
    for line in _NETWORK:
        subprocess.run(["ip", *line.split()], check=True)


def _without_clusters(directory: str, names: list[str]) -> set[str]:
    """Leave out what another cluster left on the host, and what is no file, link or directory."""
    left_out = {name for name in names if (Path(directory) / name).is_fifo() or (Path(directory) / name).is_socket()}
    return left_out | ({"kubernetes", "rancher", "cni"} & set(names) if directory == "/etc" else set())


def _mount(*words: str | Path) -> None:
    subprocess.run(["mount", *words], check=True)
