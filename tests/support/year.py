"""A host of each distribution, file by file as its preset's layout has it, and what renews them day by day.

What renews what: kubeadm's leaves at an upgrade twice a year; k3s and RKE2 at a restart, where less than 120 days are
left; k0s' at each start; MicroK8s' by refresh-certs once a year; OpenShift's signers at 80 % of 30 days; Talos' at half
of their life; AKS' serving certificate never, for it lives 20 years. A kubelet rotates at 80 % of its certificate's
life.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kubepki.config.presets import expand
from kubepki.pki.scan import Scanner
from kubepki.settings import Directory, FilePattern, Kubeconfig, PkiSettings, ScanSettings
from tests.support import pki
from tests.support.scenarios import BACKDATED, NOW, install, write

Make = Callable[[Path, float], None]


@dataclass(frozen=True, kw_only=True)
class Habit:
    """How a distribution renews its leaves: their `life`, after which `age`, and on which days it looks at all."""

    life: float = pki.YEAR
    age: float
    every: int = 1


HABITS = {
    "kubeadm": Habit(age=170 * pki.DAY, every=182),
    "kubespray": Habit(age=170 * pki.DAY, every=182),
    "k3s": Habit(age=245 * pki.DAY, every=30),
    "rke2": Habit(age=245 * pki.DAY, every=30),
    "k0s": Habit(age=20 * pki.DAY, every=30),
    "microk8s": Habit(age=300 * pki.DAY, every=30),
    "openshift": Habit(life=30 * pki.DAY, age=24 * pki.DAY),
    "eks": Habit(age=292 * pki.DAY),
    "gke": Habit(age=292 * pki.DAY),
    "aks": Habit(life=20 * pki.YEAR, age=20 * pki.YEAR),
    # Its shortest; looked at once a day here, so that it is renewed before its last.
    "talos": Habit(life=3 * pki.DAY, age=1.5 * pki.DAY),
}


class YearlyHost:
    """The files of one distribution below *root*, made at `NOW` with part of their life behind them."""

    def __init__(self, name: str, layout: tuple[str, ...], root: Path) -> None:
        self._root = root
        self._habit = HABITS[name]
        self._ca = pki.authority("cluster-ca", not_before=NOW - pki.YEAR, lifetime=10 * pki.YEAR)
        self._exec = name == "eks"
        self._link = next((root / path[1:] for path in layout if path.endswith("kubelet-client-current.pem")), None)
        self._renewed: dict[Path, float] = {}
        self._makers: dict[Path, tuple[Make, float, float, int]] = {}
        links = {path for path in layout if path.endswith("-current.pem")}
        for path in layout:
            self._plan(root / path.lstrip("/"), is_link=path in links)
        self.settings = self._settings(name)

    def _plan(self, path: Path, *, is_link: bool) -> None:
        habit = self._habit
        if is_link:
            life = min(habit.life, pki.YEAR)
            self._makers[path] = (self._rotate, life, 0.8 * life, 1)
        elif path.name == "kubelet.crt" and path.parent.name == "pki":
            # The kubelet's own pair, which nobody renews; it is told, and never a page.
            self._makers[path] = (self._self_signed, pki.YEAR, 2 * pki.YEAR, 1)
        elif "ca" in path.stem.split("-") or path.stem in {"ca", "ca-certificates"} or "bundle" in path.stem:
            write(path, self._ca.certificate_pem)
            return
        else:
            make = self._pair if path.suffix in {".crt", ".pem"} else self._kubeconfig
            self._makers[path] = (make, habit.life, habit.age, habit.every)
        life = self._makers[path][1]
        start = NOW - 0.2 * min(life, pki.YEAR)
        self._renew(path, start)

    def scanner(self) -> Scanner:
        """Return a scanner of its sources."""
        return Scanner(self.settings, ScanSettings())

    def day(self, number: int) -> bool:
        """Do what happens on that day; return whether a file changed."""
        now = NOW + number * pki.DAY
        due = [
            path
            for path, (_, _, age, every) in self._makers.items()
            if number % every == 0 and now - self._renewed[path] >= age
        ]
        for path in due:
            self._renew(path, now)
        return bool(due)

    def _renew(self, path: Path, now: float) -> None:
        self._makers[path][0](path, now)
        self._renewed[path] = now

    def _life(self, path: Path) -> float:
        return self._makers[path][1]

    def _rotate(self, path: Path, now: float) -> None:
        prefix = path.name.removesuffix("-current.pem")
        make = pki.server if prefix.endswith("server") else pki.client
        install(path.parent, make(self._ca, not_before=now - BACKDATED, lifetime=self._life(path)), now, prefix)

    def _pair(self, path: Path, now: float) -> None:
        made = pki.peer(self._ca, path.stem, not_before=now - BACKDATED, lifetime=self._life(path))
        write(path, made.certificate_pem, now)
        write(path.with_suffix(".key"), made.key_pem, now)

    def _self_signed(self, path: Path, now: float) -> None:
        made = pki.self_signed(not_before=now, lifetime=self._life(path), kind=pki.KeyType.EC)
        write(path, made.certificate_pem, now)
        write(path.with_suffix(".key"), made.key_pem, now)

    def _kubeconfig(self, path: Path, now: float) -> None:
        if path.name in {"kubelet.conf", "kubeconfig", "kubeconfig-kubelet"} and path.parent.name in {
            "kubelet",
            "kubernetes",
            "k0s",
        }:
            # The kubelet's own: it names its link, or asks a program, and never changes.
            self._kubelets(path)
            return
        made = pki.client(self._ca, f"user-of-{path.stem}", not_before=now - BACKDATED, lifetime=self._life(path))
        user = pki.User(certificate=made.certificate_pem, key=made.key_pem)
        write(path, pki.kubeconfig([user], [pki.Cluster(ca=self._ca.certificate_pem)]), now)

    def _kubelets(self, path: Path) -> None:
        link = str(self._link) if self._link and not self._exec else None
        text = pki.kubeconfig(
            [pki.User(certificate=link, key=link)], [pki.Cluster(ca=self._ca.certificate_pem)]
        ).decode()
        if self._exec:
            asks = "{exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, interactiveMode: Never}}"
            text = text.replace("user: {}", f"user: {asks}")
        write(path, text.encode())

    def _settings(self, name: str) -> PkiSettings:
        """Return the sources of the preset, below the root."""
        sources = expand([name], lambda _: False)
        return PkiSettings(
            directories=tuple(
                Directory(path=f"{self._root}{each.path}", explicit=False) for each in sources.directories
            ),
            files=tuple(FilePattern(pattern=f"{self._root}{each.pattern}", wildcard=True) for each in sources.files),
            kubeconfigs=tuple(
                Kubeconfig(path=f"{self._root}{each.path}", optional=True) for each in sources.kubeconfigs
            ),
            presets=(),
            timezone="UTC",
        )
