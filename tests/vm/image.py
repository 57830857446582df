"""The disk that every machine boots: Debian 12 with its own kernel, time daemons and libraries, and this program.

The tree of packages is kept below `.cache/vm`; the disk is made anew for each run, which takes seconds.
"""

import hashlib
import shutil
import subprocess
from pathlib import Path

from tests.support import cache
from tests.system.roots import ROOT, made, mirror

BOOT = (
    *("systemd", "systemd-sysv", "udev", "dbus", "kmod"),
    *("initramfs-tools", "linux-image-cloud-amd64", "systemd-timesyncd"),
)
LIBRARIES = ("python3-cryptography", "python3-prometheus-client", "python3-watchdog", "python3-yaml")
# chrony and systemd-timesyncd exclude each other as packages; its files alone below /opt, and what they need.
CHRONY_NEEDS = ("libgnutls30", "libnettle8", "libseccomp2", "libcap2", "libedit2")
DISK_SIZE = "2G"

_UNITS = {
    "agent": """
[Service]
ExecStart=/usr/bin/python3 /srv/agent.py
[Install]
WantedBy=multi-user.target
""",
    # The night's own files are on the second disk.
    "night": """
[Unit]
Before=kubepki-exporter.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/tar -xf /dev/vdb -C /
[Install]
WantedBy=multi-user.target
""",
    "kubepki-exporter": """
[Unit]
After=night.service
[Service]
Type=notify
ExecStart=/usr/bin/python3 -m kubepki
StateDirectory=kubepki-exporter
Restart=always
[Install]
WantedBy=multi-user.target
""",
}
_NETWORK = """
[Match]
Name=e*
[Network]
Address=10.0.2.15/24
Gateway=10.0.2.2
LinkLocalAddressing=no
IPv6AcceptRA=no
"""


def packages() -> Path:
    """Return the tree of packages, made when it is not there yet."""
    key = hashlib.sha256("\n".join((*BOOT, *LIBRARIES, *CHRONY_NEEDS)).encode()).hexdigest()[:12]
    with made(cache.CACHE / "vm" / key) as (root, part):
        if part:
            _run("debootstrap", "--variant=minbase", f"--include={','.join(BOOT)}", "bookworm", str(part), mirror())
            install = "DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends"
            _inside(part, f"apt-get update -qq; {install} {' '.join(LIBRARIES + CHRONY_NEEDS)}")
            unpacked = "apt-get download -qq chrony; dpkg -x chrony_*.deb /opt/chrony; apt-get clean"
            _inside(part, f"cd /var/cache/apt/archives; {unpacked}")
    return root


def disk(directory: Path) -> Path:
    """Return the disk with this tree's program on it, written below *directory*."""
    root = directory / "root"
    _run("cp", "-a", "--reflink=auto", str(packages()), str(root))
    shutil.copytree(
        ROOT / "exporter" / "kubepki",
        root / "usr/lib/python3/dist-packages/kubepki",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    shutil.copy(Path(__file__).with_name("agent.py"), root / "srv" / "agent.py")
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(exist_ok=True)
    for name, text in _UNITS.items():
        (root / f"etc/systemd/system/{name}.service").write_text(text)
        (wants / f"{name}.service").symlink_to(f"/etc/systemd/system/{name}.service")
    (root / "etc/systemd/network/night.network").write_text(_NETWORK)
    (wants / "systemd-networkd.service").symlink_to("/lib/systemd/system/systemd-networkd.service")
    # The time daemons are started by hand, in the act that they belong to.
    for unit in ("systemd-timesyncd", "chrony"):
        (root / f"etc/systemd/system/{unit}.service").unlink(missing_ok=True)
    _run("systemctl", f"--root={root}", "disable", "systemd-timesyncd.service")
    (root / "etc/systemd/timesyncd.conf").write_text("[Time]\nNTP=10.0.2.2\nFallbackNTP=\n")
    (root / "etc/chrony").mkdir(exist_ok=True)
    (root / "etc/chrony/night.conf").write_text(
        "server 10.0.2.2 iburst minpoll 2 maxpoll 4\nmakestep 1 -1\nrtcsync\ncmdport 0\n"
        "driftfile /var/lib/chrony/drift\n"
    )
    (root / "var/lib/chrony").mkdir(exist_ok=True)
    (root / "etc/fstab").write_text("/dev/vda / ext4 rw 0 1\n")
    image = directory / "root.ext4"
    _run("mke2fs", "-q", "-t", "ext4", "-d", str(root), str(image), DISK_SIZE)
    for name in ("vmlinuz", "initrd.img"):
        (found,) = (root / "boot").glob(f"{name}-*")
        shutil.copy(found, directory / name)
    shutil.rmtree(root)
    return image


def _inside(root: Path, script: str) -> None:
    _run("chroot", str(root), "sh", "-euc", script)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1_800)
    assert done.returncode == 0, f"{' '.join(command)}\n{(done.stdout + done.stderr)[-2000:]}"
