"""The repair in the order that holds: by whose time, how far through its life, and what the kubelet made of it."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from kubepki.commands.host import MANIFESTS, PLAIN_HOST, Host
from kubepki.commands.host_finder import find_host
from kubepki.commands.link_watch import Pace
from kubepki.settings import ConfigError, Settings
from tests.support import pki
from tests.support.commands import run_check, run_rollback, settings_of
from tests.support.scenarios import BACKDATED, CLIENT, LEAD, NOW, install, looking_at, stamp, write

AHEAD = NOW + LEAD + pki.HOUR


def node(root: Path, *ages: float, future: float = NOW + LEAD) -> Settings:
    """Build a node whose older files began *ages* seconds before NOW, and whose link leads to one of the future."""
    directory = root / "pki"
    ca = pki.authority()
    for age in ages:
        install(directory, pki.client(ca, not_before=NOW - age, lifetime=100 * pki.DAY), NOW - age)
    install(directory, pki.client(ca, not_before=future - BACKDATED, lifetime=100 * pki.DAY), future)
    link = str(directory / CLIENT)
    config = write(
        root / "kubelet.conf",
        pki.kubeconfig(clusters=[pki.Cluster(ca=ca.certificate_pem)], users=[pki.User(certificate=link, key=link)]),
    )
    return settings_of(looking_at(directory, kubeconfigs=(config,)))


def words(text: str) -> str:
    """Return *text* without its line breaks."""
    return " ".join(text.split())


def leads_to(root: Path) -> str:
    """Return the name that the link leads to."""
    return (root / "pki" / CLIENT).readlink().name


def test_the_whole_room_ahead(tmp_path: Path) -> None:
    """Every clock agrees with the file: only a time from outside lets it be repaired, and the plan says so."""
    settings = node(tmp_path, 80 * pki.DAY)
    code, text = run_rollback(settings, now=AHEAD, apply=True)
    assert code == 1
    assert "rollback --at=TIME" in text
    code, text = run_rollback(settings, now=AHEAD, at=NOW)
    assert code == 0
    assert "as --at says; no other clock was asked" in words(text)
    assert "its own clock says 2026-04-11 03:11:00 UTC, 3 h 11 min ahead of the given time" in words(text)
    _, text = run_rollback(settings, now=NOW + 60, at=NOW)
    assert "its own clock" not in text
    code, _ = run_rollback(settings, now=AHEAD, at=NOW, apply=True)
    assert code == 0
    assert leads_to(tmp_path) == f"kubelet-client-{stamp(NOW - 80 * pki.DAY)}.pem"


def test_check_prints_the_time_on(tmp_path: Path) -> None:
    """The command that `check --at` prints is judged by the same time."""
    code, text = run_check(node(tmp_path, 80 * pki.DAY), now=AHEAD, at=NOW)
    assert code == 2
    (command,) = (line for line in text.splitlines() if "rollback --at" in line)
    assert "--at=2026-04-11T00:00:00Z" in command


def test_a_file_that_is_kept_comes_first(tmp_path: Path) -> None:
    """One below 70 % of its life is taken before one that ends later but is asked to be renewed at once."""
    directory = tmp_path / "pki"
    settings = node(tmp_path, 20 * pki.DAY, 80 * pki.DAY)
    _, text = run_rollback(settings, now=NOW)
    assert f"back at kubelet-client-{stamp(NOW - 20 * pki.DAY)}.pem" in words(text)
    assert "20% of it is over" in text
    assert "Stop the signer" not in text
    (directory / f"kubelet-client-{stamp(NOW - 20 * pki.DAY)}.pem").unlink()
    _, text = run_rollback(settings, now=NOW)
    assert "80% of it is over by this host's clock: a kubelet that starts may ask for a new one at once" in words(text)


def test_the_order_that_holds(tmp_path: Path) -> None:
    """Beyond 70 % the four steps are printed in their order, with the commands of the host."""
    settings = node(tmp_path, 95 * pki.DAY)
    hosts = {
        "control plane": (Host(manifest=MANIFESTS[0]), "mv /etc/kubernetes/manifests/kube-controller-manager.yaml"),
        "node": (Host(kubelet_config="/var/lib/kubelet/config.yaml"), "s/^rotateCertificates: true/rotateCertificates"),
        "unknown": (PLAIN_HOST, "Stop the signer first (kube-controller-manager"),
    }
    for host, stop in hosts.values():
        _, text = run_rollback(settings, now=NOW, edges={"host": host})
        flat = words(text)
        places = [flat.index(each) for each in (stop, "rollback --apply --restart-kubelet", "the signer's above all")]
        assert places == sorted(places)
        assert flat.index("Last, ") > places[-1]


def test_the_words_after_it_end_with_the_signer(tmp_path: Path) -> None:
    """Who has applied it is told the rest of the same order."""
    settings = node(tmp_path, 95 * pki.DAY)
    host = Host(manifest=MANIFESTS[0])
    _, text = run_rollback(settings, now=NOW, apply=True, edges={"host": host})
    flat = words(text.partition("Done")[2])
    steps = ("top the signer", "systemctl restart kubelet", "correct the clocks", "start the signer again")
    places = [flat.index(each) for each in steps]
    assert places == sorted(places)


def test_a_signer_in_one_process_with_the_kubelet(tmp_path: Path) -> None:
    """It is stopped and started as one: nothing in between restarts it."""
    settings = node(tmp_path, 95 * pki.DAY)
    host = {"host": Host(unit="k0scontroller", signer_unit="k0scontroller")}
    _, text = run_rollback(settings, now=NOW, edges=host)
    flat = words(text)
    steps = ("systemctl stop k0scontroller", "rollback --apply", "correct the clocks", "systemctl start k0scontroller")
    places = [flat.index(each) for each in steps]
    assert places == sorted(places)
    _, done = run_rollback(settings, now=NOW, apply=True, edges=host)
    assert "restart" not in (text + done).replace("when it starts", "")


class Kubelet:
    """A kubelet that rotates during the minute after its restart, in the steps of client-go."""

    def __init__(self, root: Path, ca: pki.Pair | None, moment: float) -> None:
        self.link = root / "pki" / CLIENT
        self.ca, self.moment = ca, moment
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        """Let time pass; rotate once six seconds are over."""
        self.now += seconds
        if self.ca is not None and self.now >= 6.0:
            ca, self.ca = self.ca, None
            self.link.unlink()
            install(self.link.parent, pki.client(ca, not_before=self.moment - BACKDATED), self.moment)

    def pace(self) -> Pace:
        """Return the pace by which the command watches it."""
        return Pace(monotonic=lambda: self.now, sleep=self.sleep)


@pytest.mark.parametrize(
    ("moment", "status", "word"),
    [(None, 0, "Kept:"), (NOW, 0, "Renewed:"), (NOW + LEAD + pki.HOUR, 4, "Undone:")],
)
def test_what_the_kubelet_made_of_it(tmp_path: Path, moment: float | None, status: int, word: str) -> None:
    """Kept and renewed are success; a new file from the future is a status of its own, with the order."""
    settings = node(tmp_path, 95 * pki.DAY)
    kubelet = Kubelet(tmp_path, None if moment is None else pki.authority(), moment or 0.0)
    edges = {"restart": lambda _: None, "pace": kubelet.pace()}
    code, text = run_rollback(settings, now=NOW, apply=True, restart_kubelet=True, edges=edges)
    assert code == status
    assert word in text
    assert ("Do it again in the order that holds" in text) == (status == 4)


def test_the_minute_is_judged_by_the_given_time(tmp_path: Path) -> None:
    """A new file that only the host's wrong clock finds valid is an undone repair."""
    settings = node(tmp_path, 95 * pki.DAY)
    kubelet = Kubelet(tmp_path, pki.authority(), AHEAD)
    edges = {"restart": lambda _: None, "pace": kubelet.pace()}
    code, _ = run_rollback(settings, now=AHEAD, at=NOW, apply=True, restart_kubelet=True, edges=edges)
    assert code == 4


def test_a_host_without_a_known_unit(tmp_path: Path) -> None:
    """No command is printed that this host cannot run, and none is promised."""
    settings = node(tmp_path, 95 * pki.DAY)
    bare = {"host": Host(unit=None)}
    _, text = run_rollback(settings, now=NOW, edges=bare)
    assert "--restart-kubelet" not in text
    assert "systemctl" not in text
    with pytest.raises(ConfigError, match="no unit that runs the kubelet"):
        run_rollback(settings, now=NOW, apply=True, restart_kubelet=True, edges=bare)
    assert leads_to(tmp_path) == f"kubelet-client-{stamp(NOW + LEAD)}.pem"


@pytest.mark.parametrize(
    ("unit", "directory"),
    [
        ("kubelet", "usr/lib/systemd/system"),
        ("k0sworker", "etc/systemd/system"),
        ("k3s", "etc/systemd/system"),
        ("rke2-server", "usr/local/lib/systemd/system"),
        ("snap.microk8s.daemon-kubelite", "etc/systemd/system"),
    ],
)
def test_the_unit_of_each_distribution(tmp_path: Path, unit: str, directory: str) -> None:
    """The unit that is installed is the one that is restarted."""
    write(tmp_path / directory / f"{unit}.service", b"")
    assert find_host(str(tmp_path)).restart == ("systemctl", "restart", unit)


@pytest.mark.parametrize("unit", ["k0scontroller", "k3s", "rke2-server", "snap.microk8s.daemon-kubelite"])
def test_a_signer_that_is_a_part_of_a_unit_is_stopped_with_it(tmp_path: Path, unit: str) -> None:
    write(tmp_path / f"etc/systemd/system/{unit}.service", b"")
    here = find_host(str(tmp_path))
    assert here.stop_signing == ("systemctl", "stop", unit)
    assert here.start_signing == ("systemctl", "start", unit)
    assert here.one_process


def test_a_worker_stops_no_unit_to_stop_the_signer(tmp_path: Path) -> None:
    for unit in ("k0sworker", "k3s-agent", "rke2-agent"):
        write(tmp_path / unit / f"etc/systemd/system/{unit}.service", b"")
        assert find_host(str(tmp_path / unit)).stop_signing is None


def test_the_switch_of_rotation_does_what_it_says(tmp_path: Path) -> None:
    """What is printed for a node is run on a configuration, there and back."""
    text = "kind: KubeletConfiguration\nrotateCertificates: true\nserverTLSBootstrap: true\n"
    config = write(tmp_path / "config.yaml", text.encode())
    host = Host(kubelet_config=str(config))
    subprocess.run(host.stop_signing or (), check=True)
    assert config.read_text() == text.replace("rotateCertificates: true", "rotateCertificates: false")
    subprocess.run(host.start_signing or (), check=True)
    assert config.read_text() == text


def test_a_start_that_would_take_up_a_bad_file_is_warned_of(tmp_path: Path) -> None:
    """The link is gone and an interrupted rotation left one to a file from the future: no restart before the repair."""
    settings = node(tmp_path, 95 * pki.DAY)
    link = tmp_path / "pki" / CLIENT
    link.rename(tmp_path / "pki" / "kubelet-client-updated.pem")
    _, text = run_check(settings, now=NOW)
    flat = words(text)
    warned = flat.index(f"Do not restart the kubelet before: it would take up kubelet-client-{stamp(NOW + LEAD)}.pem")
    assert warned < flat.index("rollback --apply")


@pytest.mark.parametrize(("age", "severity"), [(1.0, "INFO"), (59.0, "INFO"), (61.0, "WARNING"), (pki.DAY, "WARNING")])
def test_a_rotation_in_progress_is_told_by_its_age(tmp_path: Path, age: float, severity: str) -> None:
    """A moment after client-go made its link it is no leftover."""
    settings = node(tmp_path, pki.DAY)
    dated = tmp_path / "pki" / f"kubelet-client-{stamp(NOW - pki.DAY)}.pem"
    (tmp_path / "pki" / "kubelet-client-updated.pem").symlink_to(dated)
    os.utime(dated, (NOW - age, NOW - age))
    link = tmp_path / "pki" / CLIENT
    link.unlink()
    link.symlink_to(dated)
    _, text = run_check(settings, now=NOW)
    assert ("a rotation is in progress" in words(text)) == (severity == "INFO")


def test_how_the_host_stops_signing(tmp_path: Path) -> None:
    """The signer's manifest comes before the kubelet's configuration, and that only where it says so by itself."""
    assert find_host(str(tmp_path)) == Host(unit=None)
    config = write(tmp_path / "var/lib/kubelet/config.yaml", b"kind: KubeletConfiguration\nrotateCertificates: true\n")
    assert find_host(str(tmp_path)).kubelet_config == "/var/lib/kubelet/config.yaml"
    config.write_bytes(b"rotateCertificates: false\n")
    assert find_host(str(tmp_path)).stop_signing is None
    write(tmp_path / "etc/kubernetes/manifests/kube-controller-manager.yaml", b"")
    here = find_host(str(tmp_path))
    assert here.stop_signing == tuple(reversed_move(here.start_signing))


def reversed_move(command: tuple[str, ...] | None) -> list[str]:
    """Return the move that takes *command* back."""
    assert command is not None
    name, source, destination = command
    return [name, destination, source]


def test_other_flags_are_left_alone(tmp_path: Path) -> None:
    """A candidate that has ended by the host's own clock is passed over even where the given time finds it valid."""
    settings = node(tmp_path, 99.95 * pki.DAY)
    code, text = run_rollback(replace(settings), now=AHEAD, at=NOW)
    assert code == 1
    assert "by which the kubelet starts" in words(text)


def test_debris_is_no_obstacle(tmp_path: Path) -> None:
    """A left `-updated.pem` beside a link that leads to a file keeps nobody from the repair."""
    settings = node(tmp_path, 20 * pki.DAY)
    (tmp_path / "pki" / "kubelet-client-updated.pem").symlink_to((tmp_path / "pki" / CLIENT).readlink())
    code, _ = run_rollback(settings, now=NOW, apply=True)
    assert code == 0
    assert leads_to(tmp_path) == f"kubelet-client-{stamp(NOW - 20 * pki.DAY)}.pem"


def test_what_a_restart_takes_up(tmp_path: Path) -> None:
    """Without a current link: what `updated` leads to is taken up; it stops a rollback only where it is good."""
    settings = node(tmp_path, 20 * pki.DAY)
    link = tmp_path / "pki" / CLIENT
    updated = tmp_path / "pki" / "kubelet-client-updated.pem"
    updated.symlink_to(link.readlink())
    link.unlink()
    _, text = run_check(settings, now=NOW)
    assert f"takes up this link, to kubelet-client-{stamp(NOW + LEAD)}.pem" in words(text)
    good = f"kubelet-client-{stamp(NOW - 20 * pki.DAY)}.pem"
    updated.unlink()
    updated.symlink_to(link.parent / good)
    code, text = run_rollback(settings, now=NOW, apply=True)
    assert code == 1
    assert f"takes up {good}, which passes every check" in words(text)
    updated.unlink()
    updated.symlink_to(link.parent / f"kubelet-client-{stamp(NOW + LEAD)}.pem")
    code, _ = run_rollback(settings, now=NOW, apply=True)
    assert code == 0
    assert leads_to(tmp_path) == good
