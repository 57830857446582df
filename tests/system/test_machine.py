"""The life of the package on a host, in the order in which the tests stand: install, run, break, upgrade, purge."""

import json
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import pki
from tests.support.waiting import wait_until
from tests.system.as_packaged import assert_alertmanager_sends, assert_boards_are_drawn, assert_rules_load
from tests.system.expensive import FAULTS, FLAGS, REMOTE, lying_there
from tests.system.machine import Machine
from tests.system.node import CURRENT, DIRECTORY, Node
from tests.system.roots import ROOT

pytestmark = pytest.mark.system

UNIT = "kubepki-exporter.service"
METRICS = "http://127.0.0.1:10509/metrics"
DEFAULT_FILE = "/etc/default/kubepki-exporter"
SHADOW = "/etc/shadow"
CA_KEY = "/etc/kubernetes/pki/ca.key"
HIDDEN = (SHADOW, "/etc/ssh/ssh_host_ed25519_key", "/root/secret", "/home/anna/secret", "/var/lib/etcd/member", CA_KEY)
CAP_DAC_READ_SEARCH = 1 << 2


@pytest.fixture(scope="session")
def node(machine: Machine) -> Node:
    """Return the kubelet's PKI of the machine; nothing is there until a test creates it."""
    return Node(machine=machine)


def scrape(machine: Machine, pattern: str, *, timeout: float = 40.0) -> str:
    """Wait until a scrape from inside matches *pattern*, and return that scrape."""
    seen: list[str] = []

    def matching() -> str | None:
        body = machine.get(METRICS)
        seen[:] = [body or ""]
        return body if body and re.search(pattern, body, re.MULTILINE) else None

    try:
        found = wait_until(matching, timeout=timeout, describe=f"a scrape with {pattern}")
    except AssertionError as error:
        error.add_note("\n".join(line for line in seen[0].splitlines() if line.startswith("kubepki_"))[-3000:])
        error.add_note(machine.attempt("journalctl", "-n10", "--no-pager", "-o", "cat", "-u", UNIT).stdout[-3000:])
        raise
    assert found
    return found


def wait_restarted(machine: Machine, pid: str, *, timeout: float = 60.0) -> None:
    """Wait until the service is active with another main process than *pid*."""

    def restarted() -> bool:
        return machine.show(UNIT, "ActiveState") == "active" and machine.show(UNIT, "MainPID") not in ("0", pid)

    wait_until(restarted, timeout=timeout, describe="a new main process")


def test_package_installs_with_the_libraries_of_the_distribution(machine: Machine) -> None:
    """Apt installs the package and its dependencies, and the service is enabled and active when it returns."""
    machine.run("apt-get", "install", "-y", "--no-install-recommends", "/srv/kubepki-exporter.deb", timeout=400)
    assert machine.run("systemctl", "is-enabled", UNIT).strip() == "enabled"
    machine.wait_for(UNIT, "ActiveState", "active")
    libraries = machine.run(
        "dpkg-query", "-W", "-f", "${Status}\n", "python3-cryptography", "python3-prometheus-client"
    )
    assert libraries.splitlines() == ["install ok installed"] * 2


def test_command_and_manual_are_there(machine: Machine) -> None:
    """The command says its version, and the manual page, the rules and the dashboard are where the docs say."""
    assert "kubepki-exporter" in machine.run("kubepki-exporter", "--version")
    listing = machine.run("dpkg", "-L", "kubepki-exporter").splitlines()
    assert "/usr/share/man/man8/kubepki-exporter.8.gz" in listing
    assert "/usr/share/kubepki-exporter/rules/kubepki.rules.yml" in listing
    assert any(path.startswith("/usr/share/kubepki-exporter/grafana/") for path in listing)


def test_what_is_installed_is_loaded_by_the_programs_it_is_for(
    machine: Machine, program: Callable[[str], Path], tmp_path: Path
) -> None:
    """Rules, routing, template and boards as the package has them, and those that its own command writes for a site."""
    share = machine.path("/usr/share/kubepki-exporter")
    promtool, amtool, server = program("promtool"), program("amtool"), program("prometheus-alertmanager")
    assert_rules_load(promtool, amtool, share / "rules")
    assert_alertmanager_sends(server, tmp_path / "shipped", share / "rules")
    assert_boards_are_drawn(share / "grafana" / "dashboards")
    assert machine.run("kubepki-exporter", "rules") == (share / "rules" / "kubepki.rules.yml").read_text()
    machine.path("/srv/site.yaml").write_text("labels: {team: platform}\n")
    machine.run("kubepki-exporter", "rules", "--site=/srv/site.yaml", "/srv/rules")
    assert "team: platform" in machine.path("/srv/rules/kubepki.rules.yml").read_text()
    assert_rules_load(promtool, amtool, machine.path("/srv/rules"))
    assert_alertmanager_sends(server, tmp_path / "site", machine.path("/srv/rules"))


def test_unit_verifies_inside(machine: Machine) -> None:
    """The systemd of the release has nothing to say of the installed units, and rates the service at 2.0 or less."""
    units = ("kubepki-exporter.service", "kubepki-exporter.socket", "kubepki-exporter-remask.path")
    assert machine.run("systemd-analyze", "verify", "--man=no", *units) == ""
    machine.run("systemd-analyze", "security", "--threshold=20", "--no-pager", UNIT)


def test_service_is_notify_with_a_dynamic_user(machine: Machine) -> None:
    """The service runs as Type=notify with a watchdog, and its user is neither root nor in /etc/passwd."""
    assert machine.show(UNIT, "Type") == "notify"
    assert machine.show(UNIT, "WatchdogUSec") not in ("0", "infinity")
    pid = machine.main_pid(UNIT)
    uid = int(machine.run("stat", "-c", "%u", f"/proc/{pid}"))
    assert 61184 <= uid <= 65519
    assert f":{uid}:" not in machine.path("/etc/passwd").read_text()


def test_directory_that_appears_later_is_seen(machine: Machine, node: Node) -> None:
    """The PKI directory did not exist at the start; its certificate is in a scrape soon after it appears."""
    assert not machine.path(DIRECTORY).exists()
    node.create()
    body = scrape(machine, rf'^kubepki_path_ok{{[^}}]*path="{CURRENT}"[^}}]*}} 1')
    assert machine.run(
        "stat", "-c", "%a %U", DIRECTORY, f"{DIRECTORY}/kubelet-client-2026-01-01-00-00-00.pem"
    ).split() == [
        "700",
        "root",
        "600",
        "root",
    ]
    assert re.search(rf'^kubepki_certificate_key_match{{[^}}]*path="{CURRENT}"[^}}]*}} 1', body, re.MULTILINE)


def test_a_new_directory_in_the_place_of_the_old_one_is_seen(machine: Machine, node: Node) -> None:
    """The view pins what it binds: where the kubelet's whole directory is another one, the service is started again."""
    pid = machine.main_pid(UNIT)
    machine.run("mv", "/var/lib/kubelet", "/var/lib/kubelet.old")
    scrape(
        machine,
        rf'^kubepki_(fault{{[^}}]*path="{CURRENT}"[^}}]*reason="missing"}}|path_ok{{path="{CURRENT}"[^}}]*}} 0)',
    )
    node.create()
    scrape(machine, rf'^kubepki_path_ok{{[^}}]*path="{CURRENT}"[^}}]*}} 1')
    machine.run("rm", "-r", "/var/lib/kubelet.old")
    assert machine.show(UNIT, "MainPID") != pid


def test_what_the_view_does_not_show_is_hidden_and_can_be_shown(machine: Machine, node: Node) -> None:
    """A file elsewhere in /etc is `hidden` and not `missing`; with the drop-in of `unit-paths` it is read."""
    file = machine.path("/etc/elsewhere/ca.crt")
    file.parent.mkdir()
    file.write_bytes(node.ca.certificate_pem)
    flags = "--pki.preset=auto --pki.file=/etc/elsewhere/ca.crt --pki.file=/etc/kubernetes/absent.crt"
    machine.path(DEFAULT_FILE).write_text(f'ARGS="{flags}"\n')
    machine.run("systemctl", "restart", UNIT)
    body = scrape(machine, r'^kubepki_fault{path="/etc/elsewhere/ca.crt",reason="hidden"')
    assert re.search(r'^kubepki_fault{path="/etc/kubernetes/absent.crt",reason="missing"', body, re.MULTILINE)
    directory = f"/etc/systemd/system/{UNIT}.d"
    machine.shell(f"mkdir -p {directory}; kubepki-exporter unit-paths {flags} > {directory}/paths.conf")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", UNIT)
    scrape(machine, r'^kubepki_path_ok{path="/etc/elsewhere/ca.crt",standing="current"} 1')
    scrape(machine, rf'^kubepki_path_ok{{[^}}]*path="{CURRENT}"[^}}]*}} 1')
    shutil.rmtree(machine.path(directory))
    machine.path(DEFAULT_FILE).write_text("")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", UNIT)


# The hash of a password that nobody knows (bcrypt, the lowest cost).
HASH = "$2y$04$0JsMNZnGlRuz5o6t3oE6hOKfdQXZfBHsEXJ7UYQ8Wk4zU1cqJmA7y"


def test_check_asks_the_service_of_the_unit(machine: Machine, node: Node) -> None:
    """At its own port, with TLS, with a password, and stopped: `check` as root says what the unit hides."""
    hidden = "/etc/elsewhere/other.crt"
    machine.path(hidden).parent.mkdir(exist_ok=True)
    machine.path(hidden).write_bytes(node.ca.certificate_pem)
    own = machine.path("/etc/exporter-web")
    own.mkdir()
    pair = pki.self_signed()
    (own / "tls.crt").write_bytes(pair.certificate_pem)
    (own / "tls.key").write_bytes(pair.key_pem)
    credentials = f"/etc/systemd/system/{UNIT}.d/web.conf"
    loaded = "".join(f"LoadCredential={name}:/etc/{own.name}/{name}\n" for name in ("web.yml", "tls.crt", "tls.key"))
    machine.path(credentials).parent.mkdir(parents=True, exist_ok=True)

    def asked(web: str, problem: str | None) -> None:
        flags = f"--pki.preset=auto --pki.file={hidden} --web.listen-address=127.0.0.1:10777"
        if web:
            directory = f"/run/credentials/{UNIT}"
            files = f"cert_file: {directory}/tls.crt, key_file: {directory}/tls.key"
            (own / "web.yml").write_text(f"tls_server_config: {{{files}}}\n{web}\n")
            machine.path(credentials).write_text(f"[Service]\n{loaded}")
            flags += f" --web.config.file={directory}/web.yml"
        machine.path(DEFAULT_FILE).write_text(f'ARGS="{flags}"\n')
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "restart", UNIT)

        def view() -> dict[str, object] | None:
            done = machine.attempt("kubepki-exporter", "check", "--json", "--pki.preset=auto", f"--pki.file={hidden}")
            found: dict[str, object] | None = json.loads(done.stdout)["service"]
            return found if found and found["problem"] == problem else None

        found = wait_until(view, timeout=60, describe=f"a view with {problem}")
        assert found
        assert found["address"] == "127.0.0.1:10777"
        unseen = found["unseen"]
        assert isinstance(unseen, list)
        assert [each["path"] for each in unseen if each["why"]] == [hidden]

    asked("", None)
    asked("# TLS alone", None)
    machine.run("apt-get", "install", "-y", "--no-install-recommends", "python3-bcrypt")
    asked(f"basic_auth_users: {{prometheus: '{HASH}'}}", "it wants a password")
    machine.run("systemctl", "stop", UNIT)
    said = json.loads(machine.attempt("kubepki-exporter", "check", "--json").stdout)["service"]
    assert said["problem"] == "its unit does not run, so nobody watches over this host"
    machine.path(credentials).unlink()
    shutil.rmtree(own)
    machine.path(DEFAULT_FILE).write_text("")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", UNIT)


def test_what_is_expensive_or_hangs_holds_up_only_itself(machine: Machine, node: Node) -> None:
    """Each has its fault, rotations are seen beside it, no watchdog bites, and the end waits for none of it."""
    directory = f"/etc/systemd/system/{UNIT}.d"
    with lying_there(machine):
        machine.path(DEFAULT_FILE).write_text(f'ARGS="{FLAGS}"\n')
        # The watchdog is impatient: who did not scan for 25 seconds gives no sign of life.
        machine.shell(f"mkdir -p {directory}; printf '[Service]\\nWatchdogSec=6s\\n' > {directory}/impatient.conf")
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "restart", UNIT)
        pid, begun = machine.show(UNIT, "MainPID"), time.monotonic()
        for path, reason in FAULTS.items():
            scrape(machine, rf'^kubepki_fault{{path="{path}",reason="{reason}"')
        scrape(machine, rf'^kubepki_path_ok{{path="{REMOTE}/good.pem",standing="current"}} 1')
        for month in (4, 5):
            target = node.rotate(f"2026-{month:02}-04-00-00-00", not_before=time.time() - 300)
            scrape(machine, rf'^kubepki_symlink_info{{[^}}]*target="{target}"')
        wait_until(
            lambda: machine.get(METRICS) and time.monotonic() - begun > 35.0,
            timeout=90,
            describe="the moment at which the watchdog would have bitten",
        )
        target = node.rotate("2026-06-04-00-00-00", not_before=time.time() - 300)
        scrape(machine, rf'^kubepki_symlink_info{{[^}}]*target="{target}"')
        assert (machine.show(UNIT, "MainPID"), machine.show(UNIT, "NRestarts")) == (pid, "0")
        # A second start waits for no process of the first one that hangs.
        machine.path(f"{directory}/impatient.conf").write_text("[Service]\nTimeoutStopSec=5s\n")
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "restart", UNIT, timeout=60)
        journal = machine.run("journalctl", "-n400", "--no-pager", "-o", "cat", "-u", UNIT)
        assert "timed out" not in journal
        assert "SIGKILL" not in journal
        scrape(machine, rf'^kubepki_fault{{path="{REMOTE}/hung.pem",reason="too_costly"')
        machine.shell(f"rm -r {directory}")
        machine.path(DEFAULT_FILE).write_text("")
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "restart", UNIT)


def test_process_metrics_are_there(machine: Machine) -> None:
    """ProcSubset leaves what process_* needs, and the kernel's clock state is read or absent, never a crash."""
    body = scrape(machine, "^process_start_time_seconds")
    assert "process_resident_memory_bytes" in body
    assert "process_open_fds" in body
    clock = re.findall(r"^kubepki_host_clock_synchronized (.*)", body, re.MULTILINE)
    assert clock in ([], ["0.0"], ["1.0"])


def test_rotation_shows(machine: Machine, node: Node) -> None:
    """A rotation, call by call as client-go does it, shows in a scrape, and starts no service again."""
    pid = machine.main_pid(UNIT)
    machine.path("/var/lib/kubelet/cpu_manager_state").write_text("{}")
    target = node.rotate("2026-02-02-00-00-00", not_before=time.time() - 300)
    body = scrape(machine, rf'^kubepki_symlink_info{{[^}}]*target="{target}"')
    assert re.search(rf'^kubepki_symlink_changes_total{{path="{CURRENT}"}} [1-9]', body, re.MULTILINE)
    machine.wait_for("kubepki-exporter-remask.service", "ActiveState", "inactive")
    assert machine.show(UNIT, "MainPID") == pid


def test_directory_deleted_and_created_again_is_picked_up(machine: Machine, node: Node) -> None:
    """The directory vanishes and comes back as another inode, and the new certificate is in a scrape."""
    shutil.rmtree(machine.path(DIRECTORY))
    scrape(machine, rf'^kubepki_path_ok{{[^}}]*path="{CURRENT}"[^}}]*}} 0')
    node.create()
    target = node.rotate("2026-03-03-00-00-00", not_before=time.time() - 300)
    scrape(machine, rf'^kubepki_symlink_info{{[^}}]*target="{target}"')


def test_directory_mounted_over_is_picked_up(machine: Machine) -> None:
    """A file system mounted over the kubelet's directory is seen, and what it covered after it is gone."""
    machine.run("mount", "-t", "tmpfs", "tmpfs", "/var/lib/kubelet")
    scrape(machine, rf'^kubepki_path_ok{{[^}}]*path="{CURRENT}"[^}}]*}} 0')
    machine.run("umount", "/var/lib/kubelet")
    scrape(machine, rf'^kubepki_path_ok{{[^}}]*path="{CURRENT}"[^}}]*}} 1')


def sandboxed(machine: Machine) -> dict[str, object]:
    """Run the probe in exactly the sandbox of the shipped unit, and return its results."""
    shutil.copy(Path(__file__).with_name("probe.py"), machine.path("/usr/local/lib/probe.py"))
    unit = (ROOT / "systemd" / UNIT).read_text()
    arguments = " ".join((CURRENT, *HIDDEN))
    unit = re.sub(
        r"^ExecStart=.*$",
        f"ExecStart=/usr/bin/python3 -I /usr/local/lib/probe.py {arguments}",
        unit,
        flags=re.MULTILINE,
    )
    unit = re.sub(
        r"^(Restart|WatchdogSec|Wants|ExecReload|StartLimitIntervalSec|RestartSec)=.*\n", "", unit, flags=re.MULTILINE
    )
    unit = unit.replace("Type=notify", "Type=oneshot\nStandardOutput=truncate:/run/probe.json").replace(
        "StateDirectory=kubepki-exporter", "StateDirectory=kubepki-probe"
    )
    machine.path("/etc/systemd/system/kubepki-probe.service").write_text(unit)
    shutil.copytree(ROOT / "systemd" / f"{UNIT}.d", machine.path("/etc/systemd/system/kubepki-probe.service.d"))
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "kubepki-probe.service")
    results = json.loads(machine.run("cat", "/run/probe.json"))
    machine.shell(
        "rm -rf /etc/systemd/system/kubepki-probe.service* /var/lib/private/kubepki-probe /var/lib/kubepki-probe"
    )
    machine.run("systemctl", "daemon-reload")
    assert isinstance(results, dict)
    return results


def test_sandbox_reads_what_it_must_and_nothing_else(machine: Machine) -> None:
    """In the unit's sandbox the kubelet's 0600 file is readable; secrets, writes, clocks and back doors are not."""
    for path in HIDDEN[1:]:
        machine.shell(f'mkdir -p "$(dirname {path})"; echo secret > {path}')
    results = sandboxed(machine)
    read = results["read"]
    assert isinstance(read, dict)
    assert isinstance(read[CURRENT], int)
    assert read[CURRENT] > 500
    # What is masked is an empty file, or is below an empty directory.
    assert {path: read[path] in (0, "ENOENT", "EACCES") for path in HIDDEN} == dict.fromkeys(HIDDEN, True)
    assert results["list"] == {"/root": [], "/home": [], "/etc/ssh": "ENOENT"}
    assert results["through_init"] in ("EACCES", "ENOENT", "EPERM")
    refusals = {name: results[name] for name in ("write_pki", "overwrite_pki", "remove_pki")}
    assert refusals == dict.fromkeys(refusals, "EROFS")
    assert results["write_state"] == "written"
    assert results["adjtimex"] in (0, 1, 2, 3, 4, 5, "EPERM")
    for name in ("set_clock", "open_by_handle_at", "unshare"):
        assert results[name] == "EPERM", name
    assert results["writable_code"] in ("EPERM", "EACCES")
    assert results["packet"] == "EAFNOSUPPORT"
    assert (results["libraries"], results["inotify"], results["proc_stat"]) == ("loaded", True, True)
    assert (results["inet"], results["inet6"], results["unix"]) == ("opened", "opened", "opened")
    assert results["uid"] != 0
    assert results["capabilities"] == dict.fromkeys(
        ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"), CAP_DAC_READ_SEARCH
    )


def test_shadow_stays_hidden_when_it_is_replaced(machine: Machine) -> None:
    """A new account replaces /etc/shadow: in the view it is not there, and without one it is masked by a new start."""

    def sees() -> str:
        leader = machine.main_pid(UNIT)
        return machine.attempt("nsenter", "-t", leader, "-m", "stat", "-c", "%s", SHADOW).stdout.strip()

    machine.run("useradd", "berta")
    machine.wait_for("kubepki-exporter-remask.service", "ActiveState", "inactive")
    # A process that systemd has just started for the unit is still outside of the view.
    wait_until(lambda: sees() == "", timeout=60, describe="a view without /etc/shadow")
    directory = f"/etc/systemd/system/{UNIT}.d"
    machine.shell(f"mkdir -p {directory}; ln -s /dev/null {directory}/10-view.conf; systemctl daemon-reload")
    machine.run("systemctl", "restart", UNIT)
    assert sees() == "0"
    pid = machine.main_pid(UNIT)
    machine.run("useradd", "carla")
    wait_restarted(machine, pid)
    assert sees() == "0"
    machine.shell(f"rm -r {directory}; systemctl daemon-reload")
    machine.run("systemctl", "restart", UNIT)


def test_masked_ca_key_is_no_fault(machine: Machine, node: Node) -> None:
    """With the preset, a CA whose key the unit masks is reported sound and without a key match."""
    directory = machine.path("/etc/kubernetes/pki")
    (directory / "ca.crt").write_bytes(node.ca.certificate_pem)
    (directory / "ca.key").write_bytes(node.ca.key_pem)
    machine.path(DEFAULT_FILE).write_text('ARGS="--pki.preset=kubeadm --scan.interval=5s"\n')
    machine.run("systemctl", "restart", UNIT)
    body = scrape(machine, r'^kubepki_path_ok{[^}]*path="/etc/kubernetes/pki/ca.crt"')
    assert re.search(r'^kubepki_path_ok{[^}]*path="/etc/kubernetes/pki/ca.crt"[^}]*} 1', body, re.MULTILINE), body
    assert not re.search(r'^kubepki_certificate_key_match{[^}]*path="/etc/kubernetes/pki/ca.crt"', body, re.MULTILINE)


def test_killed_service_comes_back(machine: Machine) -> None:
    """After SIGKILL systemd starts it again, and a scrape succeeds."""
    pid = machine.main_pid(UNIT)
    machine.shell(f"kill -KILL {pid}")
    wait_restarted(machine, pid)
    scrape(machine, "^kubepki_host_time_seconds")


def test_hung_service_is_replaced_by_the_watchdog(machine: Machine) -> None:
    """A stopped process misses its watchdog and is replaced."""
    pid = machine.main_pid(UNIT)
    machine.shell(f"kill -STOP {pid}")
    wait_restarted(machine, pid, timeout=90)
    assert "atchdog timeout" in machine.run("journalctl", "-n200", "--no-pager", "-u", UNIT)
    scrape(machine, "^kubepki_host_time_seconds")


def test_reload_takes_a_good_configuration_and_refuses_a_bad_one(machine: Machine) -> None:
    """SIGHUP by `systemctl reload` takes the new sources; a broken file leaves the old ones in force and is told."""
    directory = machine.path("/etc/kubepki-exporter")
    directory.mkdir()
    (directory / "config.yml").write_text("scan:\n  interval: 5s\n")
    machine.path(DEFAULT_FILE).write_text('ARGS="--config.file=/etc/kubepki-exporter/config.yml"\n')
    machine.run("systemctl", "restart", UNIT)
    pid = machine.main_pid(UNIT)
    scrape(machine, "^kubepki_config_last_reload_successful 1")
    (directory / "config.yml").write_text("scan:\n  interval: 5s\npki:\n  files: [/etc/kubernetes/pki/ca.crt]\n")
    machine.run("systemctl", "reload", UNIT)
    scrape(machine, r'^kubepki_path_ok{[^}]*path="/etc/kubernetes/pki/ca.crt"')
    (directory / "config.yml").write_text("scan: {intervall: 5s}\n")
    machine.run("systemctl", "reload", UNIT)
    scrape(machine, "^kubepki_config_last_reload_successful 0")
    scrape(machine, r'^kubepki_path_ok{[^}]*path="/etc/kubernetes/pki/ca.crt"')
    assert machine.show(UNIT, "MainPID") == pid


def test_broken_configuration_fails_and_heals_by_itself(machine: Machine) -> None:
    """A broken configuration fails with one line, is tried for ever, and heals when the file is repaired."""
    machine.attempt("systemctl", "restart", UNIT)
    wait_until(lambda: int(machine.show(UNIT, "NRestarts")) >= 2, timeout=60, describe="two restarts")
    journal = machine.run("journalctl", "-n60", "--no-pager", "-o", "cat", "-u", UNIT)
    assert "status=2/INVALIDARGUMENT" in journal
    assert "intervall" in journal
    assert "Traceback" not in journal
    machine.path("/etc/kubepki-exporter/config.yml").write_text("scan:\n  interval: 5s\n")
    machine.wait_for(UNIT, "ActiveState", "active")
    scrape(machine, "^kubepki_host_time_seconds")


def test_socket_activation(machine: Machine) -> None:
    """With the socket enabled systemd holds the port, and the service answers on it after a scrape has started it."""
    machine.run("systemctl", "stop", UNIT)
    machine.run("systemctl", "start", "kubepki-exporter.socket")
    machine.run("systemctl", "start", UNIT)
    scrape(machine, "^kubepki_host_time_seconds")
    pid = machine.main_pid(UNIT)
    assert (
        machine.run("sh", "-c", f"tr '\\0' '\\n' < /proc/{pid}/environ | grep ^LISTEN_FDS=").strip() == "LISTEN_FDS=1"
    )
    machine.run("systemctl", "stop", "kubepki-exporter.socket", UNIT)
    machine.run("systemctl", "start", UNIT)


def test_timer_writes_for_the_textfile_collector(machine: Machine) -> None:
    """The timer's service, in its sandbox, writes into the directory of another user, readable for that user."""
    machine.run("systemctl", "stop", UNIT)
    collector = machine.path("/var/lib/prometheus/node-exporter")
    collector.mkdir(parents=True)
    machine.run("chown", "65534:65534", "/var/lib/prometheus/node-exporter")
    machine.run("systemctl", "start", "kubepki-exporter-textfile.timer")
    file = collector / "kubepki.prom"
    wait_until(file.exists, timeout=60, describe="the file of the timer")
    assert file.stat().st_mode & 0o777 == 0o644
    assert f'path="{CURRENT}"' in file.read_text()
    machine.run("systemctl", "stop", "kubepki-exporter-textfile.timer")
    shutil.rmtree(machine.path("/var/lib/prometheus"))
    # A start that fails is tried again by the unit; whether it fails is not asked here.
    machine.attempt("systemctl", "start", UNIT)
    machine.wait_for(UNIT, "ActiveState", "active")


def test_kubelet_waits_for_the_clock_and_the_exporter_does_not(machine: Machine) -> None:
    """With the drop-ins a kubelet starts only after the waiting service ended, by success or by its time limit."""
    units = machine.path("/etc/systemd/system")
    for name in ("kubelet.service.d", "systemd-time-wait-sync.service.d"):
        shutil.copytree(ROOT / "systemd" / name, units / name)
    (units / "kubelet.service").write_text("[Service]\nExecStart=/bin/sleep infinity\n")
    (units / "systemd-time-wait-sync.service").write_text(
        "[Unit]\nBefore=time-sync.target\nWants=time-sync.target\nDefaultDependencies=no\n"
        "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'until [ -e /run/synchronised ]; do sleep 0.1; done'\n"
    )
    machine.run("systemctl", "daemon-reload")
    assert machine.show("systemd-time-wait-sync.service", "TimeoutStartUSec") == "15min"
    machine.run("systemctl", "start", "--no-block", "kubelet.service")
    machine.wait_for("systemd-time-wait-sync.service", "ActiveState", "activating")
    machine.run("systemctl", "restart", UNIT)
    assert machine.show(UNIT, "ActiveState") == "active"
    assert machine.show("kubelet.service", "ActiveState") == "inactive"
    machine.run("touch", "/run/synchronised")
    machine.wait_for("kubelet.service", "ActiveState", "active")
    # A waiting service that gives up lets the kubelet start, too.
    machine.run("systemctl", "stop", "kubelet.service", "time-sync.target")
    machine.run("rm", "/run/synchronised")
    (units / "systemd-time-wait-sync.service.d" / "20-short.conf").write_text("[Service]\nTimeoutStartSec=2s\n")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "--no-block", "kubelet.service")
    machine.wait_for("kubelet.service", "ActiveState", "active")
    assert machine.show("systemd-time-wait-sync.service", "Result") == "timeout"
    machine.run("systemctl", "stop", "kubelet.service")
    machine.shell(
        "cd /etc/systemd/system; rm -r kubelet.service* systemd-time-wait-sync.service*; systemctl daemon-reload"
    )


def test_upgrade_keeps_the_configuration(machine: Machine) -> None:
    """A later version installs without a question, keeps the edited conffile, and runs as a new process."""
    edited = 'ARGS="--scan.interval=7s"\n'
    machine.path(DEFAULT_FILE).write_text(edited)
    pid = machine.main_pid(UNIT)
    machine.run("apt-get", "install", "-y", "/srv/later.deb", timeout=300)
    assert machine.run("dpkg-query", "-W", "-f", "${Version}", "kubepki-exporter") == "999.0"
    assert machine.path(DEFAULT_FILE).read_text() == edited
    wait_restarted(machine, pid)
    scrape(machine, "^kubepki_host_time_seconds")


def test_purge_leaves_nothing(machine: Machine) -> None:
    """After removal the configuration is still there; after purge no file, unit or state of ours is."""
    machine.run("rm", "-rf", "/etc/kubepki-exporter", "/usr/local/lib/probe.py")
    # systemd refuses a socket whose service runs already.
    machine.run("systemctl", "stop", UNIT)
    machine.run("systemctl", "start", "kubepki-exporter.socket", "kubepki-exporter-textfile.timer")
    machine.run("apt-get", "remove", "-y", "kubepki-exporter", timeout=300)
    for unit in ("kubepki-exporter.socket", "kubepki-exporter-textfile.timer"):
        assert machine.show(unit, "ActiveState") == "inactive", unit
    assert machine.path(DEFAULT_FILE).exists()
    assert machine.path("/var/lib/private/kubepki-exporter").exists()
    machine.run("apt-get", "purge", "-y", "kubepki-exporter", timeout=300)
    found = machine.run(
        "find", "/", "-xdev", "-name", "*kubepki*", "-not", "-path", "/proc/*", "-not", "-path", "/srv/*"
    )
    assert found == ""
    assert machine.show(UNIT, "LoadState") == "not-found"
