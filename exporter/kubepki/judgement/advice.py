"""What to do about each fault and finding, in one sentence. Pure; used by the log and by `check`."""

from kubepki.judgement.evaluate import Code, Finding
from kubepki.model import Reason

_FAULTS = {
    Reason.MISSING: "restore it (kubepki-exporter rollback for a kubelet's link), or take it out of the configuration",
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
    Reason.UNREADABLE: "give the exporter the right to read it (CAP_DAC_READ_SEARCH)",
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
    Code.HARDWARE_CLOCK_SKEWED: "write the right time to it, or the next boot begins with the wrong one",
    Code.TIME_UNKNOWN: "give a time from outside (kubepki-exporter check --at TIME)",
    Code.NOTHING_WATCHED: "name where this host keeps them (--pki.preset, --pki.directory, --pki.file); where "
    "it has no Kubernetes, stop the exporter",
    Code.HOST_CLOCK_STEPPED: "look at what the step means for the certificates (kubepki-exporter check)",
}


# What `rollback` cannot repair: anything but a kubelet's link.
_LINK = "-current.pem"
_WITHOUT_LINK = {
    Code.CERTIFICATE_FUTURE_DATED: "have it signed again by a right clock before the clocks are corrected",
    Code.CERTIFICATE_NOT_YET_VALID: "wait until NotBefore, or have it signed again by a right clock",
}


def advise(finding: Finding) -> str:
    """Return what a person should do about *finding*."""
    if finding.reason is not None:
        return advise_fault(finding.reason)
    if finding.code in _WITHOUT_LINK and not (finding.path or "").endswith(_LINK):
        return _WITHOUT_LINK[finding.code]
    return _FINDINGS[finding.code]


def advise_fault(reason: Reason) -> str:
    """Return what a person should do about a fault."""
    return _FAULTS[reason]
