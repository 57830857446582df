"""Each sentence that an alert may say of a certificate or its clocks, and when it is true.

A claim is a pattern and a truth; the truth gets the match and the host, and knows nothing of the rules.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from tests.rules.sentences.proof import Claim, Match, length
from tests.rules.sentences.table import NOW, OLDER, PATH, SUBJECTS, Host

_LENGTH = r"(?:\d+d )?(?:\d+h )?(?:\d+m )?\d+s"
_STAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC"


def _stamp(text: str) -> float:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S %z UTC").timestamp()


def _subject(match: Match, host: Host) -> bool:
    return match["instance"] == host.name and match["subject"] in {None, SUBJECTS[host.entry]}


def _names(text: str) -> list[str]:
    return [each.strip() for each in text.split(",")]


def _rejected(host: Host) -> bool:
    """Whether the API server, by its own clock, refuses who presents the certificate, at either end."""
    return "apiserver" in host.clocks and (host.lead("apiserver") > 0 or host.left("apiserver") < 0)


def _is(usages: str) -> Callable[[Match, Host], bool]:
    return lambda _match, host: host.usage in usages.split("|")


def _usable(host: Host) -> bool:
    """Whether `rollback --at NOW` would take the fallback."""
    return host.help in {"good", "uncertain"}


_WHO = rf"{re.escape(PATH)} on (?P<instance>\S+)(?: \((?P<subject>[^)]*)\))?"
_NOW = datetime.fromtimestamp(NOW, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
_COMMAND = re.escape(f'run "kubepki-exporter rollback --apply --at {_NOW} {PATH}" and do what it prints, in its order.')
_CHECK = re.escape(f'"kubepki-exporter check --at {_NOW} {PATH}" says whether another file helps.')
_CHECK_NONE = re.escape(f'"kubepki-exporter check --at {_NOW} {PATH}" says whether one does by that time.')
_REPAIR: Sequence[Claim] = (
    Claim(
        r"The path is not a link that rollback may change: see the runbook\.", lambda _, host: host.help == "obstacle"
    ),
    Claim(
        rf"The best fallback on this host is (\S+): {_COMMAND}",
        lambda match, host: host.help == "good" and match[1] == OLDER,
    ),
    Claim(rf"A fallback lies on this host: {_COMMAND}", lambda _, host: _usable(host)),
    Claim(
        r"The best fallback on this host, (\S+), is not valid by Prometheus' clock, so rollback would refuse it: "
        + _CHECK,
        lambda match, host: host.help in {"late", "over"} and match[1] == OLDER,
    ),
    Claim(
        r"No fallback that passes every check was seen at the last scrape: " + _CHECK_NONE,
        lambda _, host: host.help == "none",
    ),
    # By whatever clock is right, and unless it has ended by then.
    Claim(r"Without repair it heals when NotBefore has passed\.", lambda _, host: host.begins < host.ends),
)


def _until(match: Match, host: Host) -> bool:
    leads = {host.lead(clock) for clock in host.clocks}
    return _subject(match, host) and length(match["length"]) in leads and _stamp(match["at"]) == host.begins


def _ahead_of(match: Match, host: Host) -> bool:
    told = dict(each.rsplit(" by ", 1) for each in _names(match[1]))
    ahead = {clock: host.lead(clock) for clock in host.clocks if host.lead(clock) > 0}
    return {clock: length(text) for clock, text in told.items()} == ahead


_STARTS: Sequence[Claim] = (
    Claim(
        rf"{_WHO} is (?:not valid for another|future-dated by) (?P<length>{_LENGTH}), until (?P<at>{_STAMP})\.", _until
    ),
    Claim(r"NotBefore is ahead of these clocks: ((?:[^.])+)\.", _ahead_of),
    Claim(
        r"The API server's own clock agrees: whoever presents this certificate is rejected now \(401\)\.",
        lambda _, host: host.usage == "client" and _rejected(host) and host.lead("apiserver") > 0,
    ),
    Claim(
        r"The API server's own clock agrees: whoever checks it by that clock refuses it now\.",
        lambda _, host: _rejected(host) and host.lead("apiserver") > 0,
    ),
    Claim(
        r"The API server's clock does not agree: it may accept the certificate until that clock is corrected\.",
        lambda _, host: "apiserver" in host.clocks and not _rejected(host),
    ),
    Claim(
        r"The API server's clock does not see it: unless the clocks above are wrong, it works only as long as "
        r"that one is\.",
        lambda _, host: "apiserver" in host.clocks and not _rejected(host),
    ),
    Claim(
        r"By the API server's clock it has expired: it is refused now for that, until that clock is corrected\.",
        lambda _, host: "apiserver" in host.clocks and host.left("apiserver") < 0,
    ),
    Claim(
        r"The API server's clock was not read: whether it (?:rejects|accepts) the certificate now is not known\.",
        lambda _, host: "apiserver" not in host.clocks,
    ),
    # Where it still works, and where a clock that is corrected may end that.
    Claim(r"Repair it before any clock is corrected\.", lambda _, host: host.lead("host") <= 0),
    *_REPAIR,
)


def _ended(match: Match, host: Host) -> bool:
    lefts = {-host.left(clock) for clock in host.clocks}
    return _subject(match, host) and length(match["length"]) in lefts and _stamp(match["at"]) == host.ends


def _differ(match: Match, host: Host) -> bool:
    passed = {clock for clock in host.clocks if host.left(clock) < 0}
    return {*_names(match[1])} == passed and {*_names(match[2])} == host.clocks.keys() - passed


def _begun_elsewhere(match: Match, host: Host) -> bool:
    others = {"apiserver": "apiserver", "ntp/a": "reference"}
    named = {"prometheus", *(others[name] for name in _names(match[1]))}
    return named == host.clocks.keys() - {"host"} and all(host.lead(clock) <= 0 for clock in named)


def _side(clock: str) -> Callable[[Match, Host], bool]:
    def true(match: Match, host: Host) -> bool:
        ahead = host.clocks[clock]
        return (match["side"] == "ahead of") is (ahead > 0) and length(match["length"]) == abs(ahead)

    return true


def _beside_its_host(match: Match, host: Host) -> bool:
    """Whether one of its clocks is on that side of the host's and of Prometheus'; the sentence before says which."""
    others = [ahead for clock, ahead in host.clocks.items() if clock in {"apiserver", "reference"}]
    ahead = match[1] == "ahead of"
    return any(other > max(0, host.host) if ahead else other < min(0, host.host) for other in others)


_SIDE = rf"(?P<side>ahead of|behind) Prometheus' clock by (?P<length>{_LENGTH})"
CLAIMS: Mapping[str, Sequence[Claim]] = {
    "KubePKICertificateNotYetValid": _STARTS,
    "KubePKICertificateFutureDated": _STARTS,
    "KubePKICertificateExpired": (
        Claim(rf"{_WHO} expired (?P<length>{_LENGTH}) ago, at (?P<at>{_STAMP})\.", _ended),
        Claim(r"The clocks differ: it has passed by ([^.]+?), not by ([^.]+)\.", _differ),
        Claim(
            r"The API server rejects whoever presents it \(401\)\.",
            lambda _, host: host.usage == "client" and _rejected(host),
        ),
        Claim(
            rf"A fallback that is still valid lies on this host(?:, (\S+))?: {_COMMAND}",
            lambda match, host: _usable(host) and match[1] == (OLDER if host.help == "good" else None),
        ),
    ),
    "KubePKICertificateExpiring": (
        Claim(
            rf"{_WHO} expires in (?P<length>{_LENGTH}), at (?P<at>{_STAMP})\.",
            lambda match, host: (
                _subject(match, host)
                and length(match["length"]) in {host.left(clock) for clock in host.clocks}
                and _stamp(match["at"]) == host.ends
            ),
        ),
        Claim(
            r"The kubelet renews its own at 70 to 90 % of their life, so something stops it, or nobody renews this "
            r"one\.",
            _is("client|server"),
        ),
        Claim(r"No kubelet renews it: somebody has to\.", _is("issuer")),
    ),
    "KubePKIHostClockBehind": (
        Claim(
            rf"By the clock of (?P<instance>[^,]+), {re.escape(PATH)} is not valid for another (?P<length>{_LENGTH})\.",
            lambda match, host: match["instance"] == host.name and length(match["length"]) == host.lead("host") > 0,
        ),
        Claim(
            r"By Prometheus' clock and by ([^:]+) NotBefore has passed: either the host's clock is behind by at least "
            r"that much, or all of them are ahead, for a room is wrong together\. Compare with a clock outside\. If it "
            r"is the host's, correct it and leave the certificate alone\.",
            _begun_elsewhere,
        ),
        Claim(
            r"Only Prometheus' clock says otherwise; no other clock could be read\. Compare with a clock outside of "
            r"both before you touch the clock or the certificate\.",
            lambda _, host: host.clocks.keys() == {"prometheus", "host"},
        ),
    ),
    "KubePKIHostClockSkewed": (
        Claim(rf"The clock of \S+ is {_SIDE}\.", _side("host")),
        Claim(
            r"If a certificate of this host is future-dated, repair that before you correct the clock\. "
            r"node-exporter's NodeClockSkewDetected sees offsets of less than 0\.5 s only\.",
            lambda _match, _host: True,
        ),
    ),
    "KubePKIReferenceClockSkewed": (
        Claim(rf"The clock apiserver is {_SIDE},", _side("apiserver")),
        Claim(rf"The clock ntp/a is {_SIDE},", _side("reference")),
        Claim(r"and (ahead of|behind) the hosts that read it\.", _beside_its_host),
        Claim(
            r"Either it is wrong, or Prometheus and those hosts are, for a room is wrong together: compare with a "
            r"clock outside before you correct one\.",
            lambda _match, _host: True,
        ),
        Claim(
            r"The API server judges each certificate by it, and what signs certificates usually runs on the same "
            r"machine:",
            lambda _, host: "apiserver" in host.clocks,
        ),
        Claim(
            r"what is signed there now is future-dated for the others\. Correct what is wrong before a kubelet "
            r"rotates; look at what was signed meanwhile\.",
            lambda _, host: host.clocks["apiserver"] > max(0, host.host),
        ),
        Claim(
            r"what the others signed just now is rejected there, and what is signed there ends too early for them\.",
            lambda _, host: host.clocks["apiserver"] < min(0, host.host),
        ),
        Claim(r"What follows the wrong one is wrong by as much\.", lambda _, host: "reference" in host.clocks),
    ),
}
