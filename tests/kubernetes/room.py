"""A machine room with one node: real Kubernetes, whose clocks can be wrong, on the real paths."""

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.conftest import ROOT
from tests.kubernetes.control_plane import CRI_SOCKET, KUBERNETES, NODE, SIGNER_MANIFEST, Binaries, ControlPlane
from tests.kubernetes.processes import Program
from tests.kubernetes.shell import SOCKET, commands, served
from tests.kubernetes.shifted import ShiftedClock
from tests.support.running import Exporter, running
from tests.support.waiting import wait_until

DIRECTORY = Path("/var/lib/kubelet/pki")
LINK = DIRECTORY / "kubelet-client-current.pem"
STATE = "/var/lib/kubepki-exporter"
UNIT = Path("/etc/systemd/system/kubelet.service")
_KUBELET = """\
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}
  anonymous: {enabled: false}
  webhook: {enabled: true}
authorization: {mode: Webhook}
rotateCertificates: true
serverTLSBootstrap: false
cgroupDriver: cgroupfs
cgroupsPerQOS: false
enforceNodeAllocatable: []
failCgroupV1: false
failSwapOn: false
localStorageCapacityIsolation: false
protectKernelDefaults: false
containerRuntimeEndpoint: unix://SOCKET
volumePluginDir: /var/lib/kubelet/volumeplugins
resolvConf: ""
nodeLeaseDurationSeconds: 8
nodeStatusUpdateFrequency: 2s
nodeStatusReportFrequency: 10s
""".replace("SOCKET", CRI_SOCKET)


class Room:
    """The clocks of the node, of the API server and of the signer, and all that runs by them."""

    def __init__(self, binaries: Binaries, launcher: Path, work: Path, *, signs_for: float) -> None:
        """Nothing runs yet; `start` does it."""
        self.work = work
        self._binaries = binaries
        kept = {"NO_PROXY": "*", "TZ": "UTC", "HOME": str(work), "KUBECONFIG": str(KUBERNETES / "super-admin.conf")}
        own = commands(work, binaries.program("kubectl"), binaries.program("kubeadm"))
        self._variables = {**kept, "PATH": f"{own}:{os.environ['PATH']}"}
        self.node, self.server_clock, self.signer_clock = (
            ShiftedClock(work / f"{name}.clock", launcher) for name in ("node", "apiserver", "signer")
        )
        self._signs_for = signs_for
        self._plane = ControlPlane(binaries, work, self._variables)
        self._lock = threading.Lock()
        self.etcd: Program
        self.server: Program
        self.signer: Program
        self.kubelet: Program
        self.exporter: Exporter
        self._keep_signer = threading.Event()

    def all_clocks(self, offset: float, *, synchronized: bool) -> None:
        """Step every clock of the room."""
        for clock in (self.node, self.server_clock, self.signer_clock):
            clock.set(offset, synchronized=synchronized)

    @contextmanager
    def powered(self) -> Iterator["Room"]:
        """Found the cluster by the clocks as they are, and run all but the signer and the kubelet until the end."""
        with ExitStack() as stack:
            self._plane.create(self.server_clock)
            self.etcd = self._plane.etcd()
            self.server = self._plane.server(self.server_clock)
            self.signer = self._plane.signer(self.signer_clock, signs_for=self._signs_for)
            cri = Program(
                name="cri-stub",
                command=[str(self._binaries.program("cri-stub")), CRI_SOCKET],
                log=self.work / "cri-stub.log",
                variables=self._variables,
            )
            self.kubelet = self._kubelet()
            for program in (self.etcd, self.server, cri):
                program.start()
                stack.callback(program.stop)
            stack.callback(self.kubelet.stop)
            self._plane.await_server()
            self._plane.admit_nodes(self.server_clock)
            stack.enter_context(served(self.work / SOCKET, self._restart_kubelet))
            stack.enter_context(self._signer_kept())
            Path(STATE).mkdir()
            self.exporter = stack.enter_context(
                running(
                    log=self.work / "exporter.log",
                    python=str(self.work / "bin" / "python-of-the-node"),
                    variables={**self._variables, "STATE_DIRECTORY": STATE},
                )
            )
            yield self

    def start_signer(self) -> None:
        """Let the signer run as long as its manifest is there."""
        self._keep_signer.set()

    def power_cut(self, offset: float) -> None:
        """End the room's programs, and start them by clocks that are ahead by *offset* seconds."""
        with self._lock:
            for program in (self.kubelet, self.signer, self.server):
                program.stop()
            self.all_clocks(offset, synchronized=False)
            self.server.start()
            self._plane.await_server()
            if self._keep_signer.is_set():
                self.signer.start()
            self.kubelet.start()

    def type(self, line: str, *, timeout: float = 150) -> tuple[int, str]:
        """Type *line* into a root's shell of the node; return the status and all that was said."""
        done = subprocess.run(
            self.node.command(["sh", "-c", line]),
            env={**os.environ, **self._variables, "PYTHONPATH": f"{ROOT / 'exporter'}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=timeout,
        )
        with (self.work / "typed.log").open("a", encoding="utf-8") as log:
            log.write(f"# {line}\n{done.stdout}status {done.returncode}\n\n")
        return done.returncode, done.stdout

    def target(self) -> str:
        """Return the name of the file that the client link leads to, "" where it is not there."""
        with contextlib.suppress(OSError):
            return LINK.readlink().name
        return ""

    def rotated(self, old: str, *, timeout: float = 60) -> str:
        """Return the file of the next rotation, after *old*; it is dated by the node's clock, as its kernel would."""
        new = wait_until(
            lambda: (LINK.exists() and self.target() != old and self.target()) or "",
            timeout=timeout,
            describe=f"the kubelet to rotate away from {old or 'nothing'}",
        )
        now = self.node.now()
        for path in (DIRECTORY / new, LINK):
            os.utime(path, (now, now), follow_symlinks=False)
        return new

    def await_ready(self, *, timeout: float = 60) -> None:
        """Wait until the API server has accepted a new sign of life of the node, and holds it for Ready."""
        before = self._plane.api.beat(NODE)
        wait_until(
            lambda: self._plane.api.beat(NODE) not in {"", before} and self._plane.api.ready(NODE) == "True",
            timeout=timeout,
            describe="the node to be Ready with a new sign of life",
        )

    def ready(self) -> str:
        """Return what the API server says of the node."""
        return self._plane.api.ready(NODE)

    def _kubelet(self) -> Program:
        Path("/var/lib/kubelet").mkdir()
        Path("/var/lib/kubelet/config.yaml").write_text(_KUBELET, encoding="utf-8")
        UNIT.parent.mkdir(parents=True, exist_ok=True)
        UNIT.write_text("# As kubeadm's package installs it; `systemctl` of this room restarts the process.\n")
        words: list[str | Path] = [
            self._binaries.program("kubelet"),
            "--config=/var/lib/kubelet/config.yaml",
            f"--bootstrap-kubeconfig={KUBERNETES / 'bootstrap-kubelet.conf'}",
            f"--kubeconfig={KUBERNETES / 'kubelet.conf'}",
            f"--hostname-override={NODE}",
        ]
        return Program(
            name="kubelet",
            command=self.node.command(words),
            log=self.work / "kubelet.log",
            variables=self._variables,
        )

    def _restart_kubelet(self) -> None:
        with self._lock:
            self.kubelet.restart()

    @contextmanager
    def _signer_kept(self) -> Iterator[None]:
        """Run the signer while its manifest is there, as a kubelet of the control plane does with a static pod."""
        over = threading.Event()

        def keep() -> None:
            while not over.wait(0.2):
                with self._lock:
                    wanted = self._keep_signer.is_set() and SIGNER_MANIFEST.exists()
                    if wanted and not self.signer.running():
                        self.signer.start()
                    elif not wanted:
                        self.signer.stop()

        thread = threading.Thread(target=keep)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            self.signer.stop()


def true_time() -> float:
    """Return the time by the clock that nobody shifted."""
    return time.time()
