"""What to do about each fault and finding, in one sentence: a table by what was found and the kind of file.

Pure; used by the log and by `check`, which adds the commands of the host (`commands/remedies`).
"""

from kubepki.judgement.evaluate import Code, Finding
from kubepki.judgement.kinds import Kind, kind_of
from kubepki.model import PathState, Reason, Severity

_GONE = "where it is gone for good, take it out of the configuration, or forget it (kubepki-exporter forget PATH)"
_FAULTS = {
    Reason.MISSING: f"restore it, a kubelet's link with kubepki-exporter rollback; {_GONE}",
    Reason.BOOTSTRAPPING: "look at its request where kubectl works, and approve it: kubectl get csr",
    Reason.DANGLING: "point the link at an existing certificate file (kubepki-exporter rollback)",
    Reason.SYMLINK_LOOP: "point the link at a certificate file (kubepki-exporter rollback)",
    Reason.NOT_REGULAR: "replace it by a regular file or a link to one",
    Reason.EMPTY: "a power cut may have emptied it: use the previous file (kubepki-exporter rollback)",
    Reason.UNPARSABLE: "restore the file from a backup, or use the previous one (kubepki-exporter rollback)",
    Reason.NO_CERTIFICATE: "put the certificate into the file",
    Reason.NO_PRIVATE_KEY: "put the private key back, or use the previous file (kubepki-exporter rollback)",
    Reason.KEY_MISMATCH: "put the certificate and its own private key together again",
    Reason.REFUSED: "write the file as its component reads it (docs/conformance.md), or issue the certificate anew",
    Reason.UNREADABLE: "give the exporter the right to read it (CAP_DAC_READ_SEARCH); where only Kubernetes can read a "
    "certificate in it, issue that anew in an ordinary form",
    Reason.TOO_LARGE: "remove the file from the directory, or raise --scan.max-file-size",
    Reason.HIDDEN: "open it to the service's unit with a drop-in, or look with `kubepki-exporter check` as root",
    Reason.LOCKED: "give its password with --pki.password-file, or leave the file out with --pki.ignore",
    Reason.TOO_COSTLY: "look at what the file asks for, and remove it or write it anew in an ordinary form",
    Reason.NOT_SYMLINK: "move the file to a dated name and make this a link to it, or the next rotation fails",
    Reason.OUTSIDE_DIRECTORY: "point the link at a file in its own directory",
    Reason.INTERRUPTED_ROTATION: "see what the kubelet does with it at its next start (kubepki-exporter check)",
    Reason.UPDATED_NOT_SYMLINK: "move it away: the kubelet expects a link there, and every rotation fails",
    Reason.TOO_MANY_FILES: "remove old dated files; the kubelet never does",
    Reason.KUBECONFIG_STALE: "let the kubeconfig name the current link instead of embedded data",
    Reason.KUBECONFIG_DIVERGED: "let the kubeconfig name the current link",
}

_FINDINGS = {
    Code.CERTIFICATE_FUTURE_DATED: "roll back before the clocks are corrected (kubepki-exporter rollback)",
    Code.CERTIFICATE_NOT_YET_VALID: "wait until NotBefore, or roll back (kubepki-exporter rollback)",
    Code.HOST_CLOCK_BEHIND: "correct this host's clock",
    Code.CERTIFICATE_EXPIRED: "renew the certificate",
    Code.CERTIFICATE_EXPIRING: "find out why the rotation did not happen",
    Code.SYMLINK_TARGET_FUTURE_DATED: "compare this host's clock with a correct one",
    Code.ROTATED_WHILE_UNSYNCHRONIZED: "compare NotBefore with a correct clock before the clocks are corrected",
    Code.HOST_CLOCK_UNSYNCHRONIZED: "restore the connection to the time source",
    Code.HOST_CLOCK_SKEWED: "correct this host's clock, after the certificates that were signed ahead are rolled back",
    Code.REFERENCE_CLOCK_SKEWED: "correct that clock: what is signed by it begins or ends at the wrong time",
    Code.REFERENCE_CERTIFICATE_EXPIRING: "renew that certificate (kubeadm certs renew apiserver), restart the server",
    Code.REFERENCE_CERTIFICATE_FUTURE_DATED: "correct the signer's clock, then issue that server's certificate anew",
    Code.HARDWARE_CLOCK_SKEWED: "synchronize this host, then write its time to the hardware clock (hwclock --systohc)",
    Code.TIME_UNKNOWN: "give a time from outside (kubepki-exporter check --at TIME)",
    Code.NOTHING_WATCHED: "name where this host keeps them (--pki.preset, --pki.directory, --pki.file); where "
    "it has no Kubernetes, stop the exporter",
    Code.HOST_CLOCK_STEPPED: "look at what the step means for the certificates (kubepki-exporter check)",
}


# What holds for one kind of file instead of the line above. `rollback` repairs links and nothing else.
_OF_KIND: dict[tuple[Code | Reason, Kind], str] = {
    (Reason.MISSING, Kind.CLIENT_LINK): "point it at an existing certificate file (kubepki-exporter rollback)",
    (Reason.MISSING, Kind.SERVER_LINK): "point it at an existing certificate file (kubepki-exporter rollback)",
    (Reason.MISSING, Kind.LINK): "point it at an existing certificate file (kubepki-exporter rollback)",
    **{
        (reason, kind): text
        for reason, text in (
            (Reason.MISSING, f"restore it from a backup; {_GONE}"),
            (Reason.DANGLING, "point the link at an existing file"),
            (Reason.SYMLINK_LOOP, "point the link at a file"),
            (Reason.EMPTY, "a power cut may have emptied it: restore it from a backup, or have it made anew"),
            (Reason.UNPARSABLE, "restore the file from a backup, or have it made anew"),
            (Reason.NO_PRIVATE_KEY, "put the private key back, or have both made anew"),
        )
        for kind in (Kind.KUBECONFIG, Kind.CA, Kind.FILE)
    },
    **{
        (Code.CERTIFICATE_FUTURE_DATED, kind): "have it signed again by a right clock before the clocks are corrected"
        for kind in (Kind.KUBECONFIG, Kind.FILE)
    },
    **{
        (Code.CERTIFICATE_NOT_YET_VALID, kind): "wait until NotBefore, or have it signed again by a right clock"
        for kind in (Kind.KUBECONFIG, Kind.FILE)
    },
    (Code.CERTIFICATE_FUTURE_DATED, Kind.CA): "make the CA anew by a right clock, and with it all that it signed",
    (Code.CERTIFICATE_NOT_YET_VALID, Kind.CA): "wait until NotBefore, or make the CA anew by a right clock",
    (Code.CERTIFICATE_EXPIRED, Kind.CA): "make a new CA and distribute it: nothing that it signed is accepted any more",
    (Code.CERTIFICATE_EXPIRING, Kind.CA): "make its successor now, and let everybody trust both",
    (Code.CERTIFICATE_EXPIRED, Kind.CLIENT_LINK): "see why the kubelet got no new one: its request, and its log",
    (Code.CERTIFICATE_EXPIRED, Kind.SERVER_LINK): "approve the request for a new one that waits: kubectl get csr",
    (Code.CERTIFICATE_EXPIRING, Kind.SERVER_LINK): "approve the request for a new one that waits: kubectl get csr",
}
_NAME_THE_LINK = "let the kubeconfig name the current link instead of the old certificate that it embeds"
_ENDS = frozenset({Code.CERTIFICATE_EXPIRED, Code.CERTIFICATE_EXPIRING})


def advise(finding: Finding, state: PathState | None = None) -> str:
    """Return what a person should do about *finding* of the path whose *state* is given."""
    if finding.reason is not None:
        return advise_fault(finding.reason, finding.path)
    if finding.code is Code.HOST_CLOCK_SKEWED and (finding.seconds or 0.0) < 0:
        return "correct this host's clock"
    if finding.code is Code.NOTHING_WATCHED and finding.severity is Severity.INFO:
        return "nothing has to be done where it was taken out on purpose (kubeadm reset); else join it again"
    if finding.code in _ENDS and follows_no_link(state):
        return _NAME_THE_LINK
    kind = kind_of(finding.path, state, finding.entry)
    return _OF_KIND.get((finding.code, kind), _FINDINGS[finding.code])


def advise_fault(reason: Reason, path: str | None = None) -> str:
    """Return what a person should do about a fault, of *path* where it is known."""
    return _OF_KIND.get((reason, kind_of(path)), _FAULTS[reason])


def follows_no_link(state: PathState | None) -> bool:
    """Return whether *state* is a kubeconfig that embeds an older certificate than the link beside it holds."""
    return state is not None and any(fault.reason is Reason.KUBECONFIG_STALE for fault in state.faults)
