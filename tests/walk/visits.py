"""The walk through the pages, in the order in which a person would go: what is typed, and what is left to the reader.

Rules of this module: pure data. Every command of every page is in exactly one of the three tables, letter by letter;
`tests/unit/test_walk.py` sees to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

LINK = "/var/lib/kubelet/pki/kubelet-client-current.pem"
CONFIG = "/etc/kubepki-exporter/config.yml"
ANSWERS = "python3 -c 'import urllib.request as r; r.urlopen(\"http://127.0.0.1:10509/metrics\")'"
# What is not a file of the copied tree, of apt or of a kubelet, and bears our name.
VIEW = "/etc/systemd/system/kubepki-exporter.service.d"
OUTPUT = "/root/kubepki.prom"
COLLECTOR = "/var/lib/prometheus/node-exporter"
TRACES = "find / -xdev -name '*kubepki*' -not -path '/root/*' -not -path '/proc/*' -not -path '/var/lib/systemd/*'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A command that is typed as root at the top of the copied tree.

    `before` is what the reader has done by then, `after` what must succeed behind it, both for sh. `put` replaces the
    words in capitals that stand for a file or a time. One with `until` goes on until that succeeds, and gets Ctrl-C.
    One that `stays` is typed in the directory where the one before it ended. A line of a file is written `into` it.
    """

    text: str
    status: frozenset[int] = frozenset({0})
    before: str = ""
    after: str = ""
    until: str = ""
    into: str = ""
    stays: bool = False
    put: Mapping[str, str] = field(default_factory=dict)
    releases: tuple[str, ...] = ("bookworm", "trixie")


FINDINGS = frozenset({1, 2})

VISITS = (
    # From a clone, with python3 and make and nothing else.
    Visit(text="make run", until=ANSWERS),
    Visit(text='make run ARGS="--pki.directory=/my/pki"', before="mkdir -p /my/pki", until=ANSWERS),
    Visit(text="make look", before="test -e .venv/.runtime"),
    # The tests themselves are what CI runs outside; here the way to them.
    Visit(
        text="make test",
        before="""export PYTEST_ADDOPTS='-k "test_strict_yaml.py or test_held_port.py"'""",
        after="test -e .tools/missing.txt",
    ),
    Visit(text="make lint"),
    Visit(text="make generate"),
    Visit(text="make dashboards"),
    Visit(text="make rules", after="make check-generated"),
    Visit(text="make check-generated"),
    Visit(
        text="make rules SITE=site.yaml",
        before="echo 'labels: {team: platform}' > site.yaml",
        after="grep -q 'team: platform' build/rules/kubepki.rules.yml",
    ),
    Visit(text="make golden"),
    Visit(text="make deb"),
    Visit(text="make rpm", releases=("bookworm",)),
    Visit(text="make image", releases=("bookworm",), after="ls dist/kubepki-exporter-*-image-amd64.tar"),
    # A host with the package.
    Visit(text="apt install ./dist/kubepki-exporter_*_all.deb", after="apt-get install -y curl"),
    Visit(text="kubepki-exporter --version"),
    Visit(text="kubepki-exporter check", status=FINDINGS),
    Visit(text="curl -s http://localhost:10509/metrics | grep ^kubepki_certificate_not_after"),
    Visit(text="curl -i localhost:10509/metrics"),
    Visit(text="curl localhost:10509/metrics | head"),
    Visit(text="systemctl status kubepki-exporter"),
    Visit(text="systemctl cat kubepki-exporter"),
    Visit(text="journalctl -u kubepki-exporter -n 50"),
    Visit(text="journalctl -u kubepki-exporter"),
    Visit(text="kubepki-exporter --config.check"),
    # The incident and its repair; a time has to be named where no clock but the host's can be read.
    Visit(text="date -u"),
    Visit(text="kubepki-exporter check --at=TIME", status=FINDINGS, put={"TIME": "$(date +%s)"}),
    Visit(text="kubepki-exporter rollback", status=frozenset({0, 1})),
    Visit(text="kubepki-exporter rollback PATH", status=frozenset({0, 1}), put={"PATH": LINK}),
    Visit(text="kubepki-exporter rollback --at=2026-11-23T11:41:00Z"),
    Visit(text="kubepki-exporter rollback --at=TIME PATH", put={"TIME": "$(date +%s)", "PATH": LINK}),
    Visit(text="kubepki-exporter rollback --apply", status=frozenset({0, 1})),
    Visit(text="kubepki-exporter rollback PATH --apply", status=frozenset({0, 1}), put={"PATH": LINK}),
    Visit(
        text="mv /etc/kubernetes/manifests/kube-controller-manager.yaml /etc/kubernetes/",
        before="mkdir -p /etc/kubernetes/manifests; touch /etc/kubernetes/manifests/kube-controller-manager.yaml",
    ),
    Visit(text="mv /etc/kubernetes/kube-controller-manager.yaml /etc/kubernetes/manifests/"),
    Visit(
        text="systemctl restart kubelet",
        before="""printf '[Service]\\nExecStart=/bin/sh -c "echo Unauthorized certificate; exec sleep infinity"\\n' \
            > /etc/systemd/system/kubelet.service; systemctl daemon-reload""",
    ),
    Visit(text="journalctl -u kubelet"),
    Visit(text="journalctl -u kubelet | grep -i unauthorized"),
    Visit(text="journalctl -u kubelet | grep -i certificate"),
    # Flags, files, views.
    Visit(
        text='ARGS="--pki.preset=kubeadm"',
        before="cp /etc/default/kubepki-exporter /etc/default/was",
        into="/etc/default/kubepki-exporter",
    ),
    Visit(text="systemctl restart kubepki-exporter", after="systemctl is-active kubepki-exporter"),
    Visit(
        text="kubepki-exporter --config.check --config.file=FILE",
        before=f"mkdir -p {CONFIG.rpartition('/')[0]}; echo 'scan: {{interval: 5s}}' > {CONFIG}",
        put={"FILE": CONFIG},
    ),
    Visit(text="kubepki-exporter --config.file=FILE --config.check", put={"FILE": CONFIG}),
    Visit(
        text="kubepki-exporter --config.check --web.config.file=FILE",
        before="echo 'http_server_config: {http2: false}' > /etc/kubepki-exporter/web.yml",
        put={"FILE": "/etc/kubepki-exporter/web.yml"},
    ),
    Visit(text="systemctl reload kubepki-exporter", after="systemctl is-active kubepki-exporter"),
    Visit(text="mkdir -p /etc/systemd/system/kubepki-exporter.service.d"),
    Visit(
        text="kubepki-exporter unit-paths --pki.preset=kubeadm --pki.file=/etc/app/tls.crt"
        " > /etc/systemd/system/kubepki-exporter.service.d/paths.conf"
    ),
    Visit(
        text="systemctl daemon-reload && systemctl restart kubepki-exporter",
        after="systemctl is-active kubepki-exporter",
    ),
    Visit(
        text="ln -s /dev/null /etc/systemd/system/kubepki-exporter.service.d/10-view.conf",
        after=f"systemctl daemon-reload; systemctl restart kubepki-exporter; rm -r {VIEW}; systemctl daemon-reload",
    ),
    Visit(text="cd systemd"),
    Visit(
        text="cp -r kubelet.service.d systemd-time-wait-sync.service.d /etc/systemd/system/",
        stays=True,
    ),
    Visit(
        text="systemctl daemon-reload", stays=True, after="rm -r /etc/systemd/system/systemd-time-wait-sync.service.d"
    ),
    Visit(text="systemctl stop kubepki-exporter"),
    Visit(text="systemctl enable --now kubepki-exporter.socket"),
    Visit(
        text="systemctl start kubepki-exporter",
        after=f"{ANSWERS}; systemctl disable --now kubepki-exporter.socket; systemctl restart kubepki-exporter",
    ),
    Visit(text="systemctl disable --now kubepki-exporter"),
    Visit(
        text="systemctl enable --now kubepki-exporter-textfile.timer",
        before=f"mkdir -p {COLLECTOR}",
        after=f"until test -s {COLLECTOR}/kubepki.prom; do sleep 0.2; done",
    ),
    Visit(
        text="kubepki-exporter textfile FILE --every 30s",
        until=f"test -s {OUTPUT}",
        put={"FILE": OUTPUT},
    ),
    # The host of Prometheus and of Grafana.
    Visit(text="cp rules/kubepki.rules.yml /etc/prometheus/", before="mkdir -p /etc/prometheus"),
    Visit(text="promtool check rules /etc/prometheus/kubepki.rules.yml"),
    Visit(text="kubepki-exporter rules"),
    Visit(
        text="kubepki-exporter rules --site=site.yaml /etc/prometheus/kubepki",
        after="promtool check rules /etc/prometheus/kubepki/kubepki.rules.yml",
    ),
    Visit(
        text="cp grafana/dashboards/*.json /var/lib/grafana/dashboards/", before="mkdir -p /var/lib/grafana/dashboards"
    ),
    Visit(
        text="cp grafana/dashboards/*.json /var/lib/grafana/dashboards/kubepki/",
        before="mkdir -p /var/lib/grafana/dashboards/kubepki",
    ),
    Visit(
        text="cp grafana/provisioning/dashboards/kubepki.yml /etc/grafana/provisioning/dashboards/",
        before="mkdir -p /etc/grafana/provisioning/dashboards",
    ),
    Visit(text="cp -r systemd/ansible roles/kubepki_exporter", before="mkdir roles"),
    # Off again, and the other way in.
    Visit(
        text="apt purge kubepki-exporter",
        after="rm -r /etc/kubepki-exporter /etc/prometheus /etc/grafana /var/lib/grafana /var/lib/prometheus;"
        f' test -z "$({TRACES} | tee /dev/stderr)"',
    ),
    Visit(text="make install"),
    Visit(text="systemctl daemon-reload && systemctl enable --now kubepki-exporter", after=ANSWERS),
    Visit(text="systemctl enable --now kubepki-exporter"),
    Visit(text="make uninstall", after=f'test -z "$({TRACES} | tee /dev/stderr)"'),
    Visit(text="make install PYTHON=python3.11", releases=("bookworm",), after="make uninstall"),
)

# Run, letter by letter or by what the target does, by another part of what must hold.
ELSEWHERE: Mapping[str, str] = {
    ".ci/run": ".ci/run",
    "make test-oldest": ".ci/run",
    "make test-system": ".ci/run",
    "make walk": "tests/system/test_walk.py",
    "make test-kubernetes": ".ci/run",
    "make fuzz": ".ci/run",
    "make fuzz TIME=60": ".ci/run",
    "make table": "tests/property/test_whole_table.py",
    "make soak": "tests/e2e/test_soak.py",
    "make soak TIME=1800": "tests/e2e/test_soak.py",
    "make single-file": "tests/system/test_single_file.py",
    "chmod +x kubepki-exporter-*-linux-x86_64": "tests/system/test_single_file.py",
    "./kubepki-exporter-*-linux-x86_64 check": "tests/system/test_single_file.py",
    "make conformance": "tests/conformance/test_files.py",
    "make pictures": "tests/grafana/test_pictures.py",
    "make stage": "tests/grafana/test_what_is_drawn.py",
    "kubepki-exporter rollback --apply --restart-kubelet": "tests/kubernetes/test_stories.py",
    "kubepki-exporter rollback --apply --restart-kubelet PATH": "tests/kubernetes/test_stories.py",
    "kubepki-exporter rollback --apply --restart-kubelet --at=TIME PATH": "tests/kubernetes/test_stories.py",
    "kubepki-exporter rollback --apply --restart-kubelet --at=2026-11-23T11:41:00Z": "tests/kubernetes/test_stories.py",
    "kubepki-exporter forget PATH": "tests/unit/commands/test_typed.py",
    "python -m tests.fuzz TARGET --replay FILE": "tests/unit/test_fuzz_targets.py",
    "kubectl apply -k systemd/kubernetes/kustomize/base": "tests/manifests/test_manifests.py",
    "helm install kubepki systemd/kubernetes/helm/kubepki-exporter -n monitoring"
    " --set image.repository=registry.example/kubepki-exporter": "tests/manifests/test_manifests.py",
}

_CLUSTER = "needs a cluster of the reader's"
_REGISTRY = "needs the reader's registry of images"
_ENFORCING = "a host with SELinux"
_KEY = "the signing key is the publisher's"
_CLOCKS = "changes or asks the time daemon of the reader's host"
_RHEL = "RHEL's; the package is put into a tree by rpm in tests/system/test_other_packages.py"
_MACHINE = "another kind of host, by its own documentation"
_MEASURES = "measures for minutes; nothing is asserted"
_FRAGMENT = "a part of a sentence: the reader names the rest"

# The reader's choice, with the reason.
CHOICES: Mapping[str, str] = {
    "sudo make release": "all packages of two architectures; each is built by a test of its own",
    "gpg --armor --detach-sign dist/SHA256SUMS": _KEY,
    "gpg --verify SHA256SUMS.asc SHA256SUMS": _KEY,
    "sha256sum --check --ignore-missing SHA256SUMS": "for what was downloaded of a release",
    "make bench": _MEASURES,
    "make bench PEER=/path/to/x509-certificate-exporter": _MEASURES,
    "python -m tests.bench.growth docs/performance.svg --again": _MEASURES,
    "python -m tests.bench.phases": _MEASURES,
    "make mutate": "minutes to hours, when the rules change",
    "make simulate": "minutes to hours, when the rules change",
    "make year": "minutes, when the rules or a preset change",
    "make test-rulers": "builds Prometheus 3 and vmalert with Go, in 10 minutes",
    "make test-vm": "boots emulated hosts for 15 minutes, on demand",
    "dnf install ./dist/kubepki-exporter-*.rpm": _RHEL,
    "dnf install ./dist/kubepki-exporter-*.x86_64.rpm": _RHEL,
    "skopeo copy oci-archive:dist/kubepki-exporter-*-image-amd64.tar"
    " docker://registry.example/kubepki-exporter:0.1.0": _REGISTRY,
    "podman load -i": _FRAGMENT,
    "docker load -i": _FRAGMENT,
    "oc apply -f": _FRAGMENT,
    "curl -kI": _FRAGMENT,
    "openssl x509 -serial": _FRAGMENT,
    "oc debug node/NAME": _MACHINE,
    "talosctl patch machineconfig --patch @talos.yaml": _MACHINE,
    "talosctl containers -k": _MACHINE,
    "talosctl service kubelet restart": _MACHINE,
    "kubectl get node": _CLUSTER,
    "kubectl get csr": _CLUSTER,
    "kubectl certificate approve": _CLUSTER,
    "kubectl certificate approve NAME": _CLUSTER,
    "kubectl apply --server-side -n monitoring -f grafana/sidecar/": _CLUSTER,
    "kubepki-exporter rules --print=prometheusrule | kubectl apply -f -": _CLUSTER,
    "kubeadm certs renew all": _CLUSTER,
    "kubeadm certs renew apiserver": _CLUSTER,
    "openssl s_client -connect HOST:6443 </dev/null | openssl x509 -noout -subject -dates": _CLUSTER,
    "systemctl restart grafana-server": "Grafana is not in Debian",
    "restorecon /usr/local/sbin/kubepki-exporter": _ENFORCING,
    "ausearch -m AVC -c kubepki-exporter": _ENFORCING,
    "systemctl edit kubepki-exporter": "opens an editor",
    "systemctl stop chronyd": _CLOCKS,
    "chronyc makestep": _CLOCKS,
    "chronyc sources": _CLOCKS,
    "chronyc tracking": _CLOCKS,
    "timedatectl timesync-status": _CLOCKS,
}
