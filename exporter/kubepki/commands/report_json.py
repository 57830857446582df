"""A look -> the JSON of `check --json`, version 1, as docs/check.md describes it. Pure."""

import json
from typing import Any

from kubepki.commands.diagnosis import Look
from kubepki.commands.outcome import state_of
from kubepki.commands.verdict import sentence, status, unread
from kubepki.judgement.advice import advise
from kubepki.judgement.evaluate import Finding
from kubepki.judgement.fallbacks import fallback_objections, usable_fallbacks
from kubepki.model import Certificate, PathState, Reading
from kubepki.texts import label_text, safe_text

VERSION = 1


def report_json(look: Look) -> str:
    """Return the diagnosis as one JSON document in ASCII, with a line end. Times are Unix seconds."""
    verdict = status(look)
    document = {
        "version": VERSION,
        "status": verdict.name.lower(),
        "exit_status": int(verdict),
        "summary": safe_text(sentence(look)),
        "judged_at": look.reading.host_time,
        "assumed_time": look.assumed,
        "clocks": _clocks(look.reading),
        "findings": [_finding(finding, state_of(finding, look)) for finding in look.findings],
        "distributions": list(look.snapshot.distributions),
        "ignored": [label_text(path) for path in look.snapshot.left_out],
        "service": _service(look),
        "unread": [label_text(path) for path in unread(look)],
        "paths": [_path(state, look) for state in look.snapshot.paths],
    }
    return json.dumps(document, indent=2) + "\n"


def _service(look: Look) -> dict[str, Any] | None:
    if look.service is None:
        return None
    return {
        "address": look.service.address,
        "problem": look.service.problem or None,
        "unseen": [{"path": label_text(each.path), "why": safe_text(each.why) or None} for each in look.service.unseen],
    }


def _finding(finding: Finding, state: PathState | None) -> dict[str, Any]:
    return {
        "code": finding.code.value,
        "alert": finding.code.alert,
        "severity": finding.severity.value,
        "path": None if finding.path is None else label_text(finding.path),
        "entry": finding.entry,
        "reason": None if finding.reason is None else finding.reason.value,
        "seconds": finding.seconds,
        "at": finding.at,
        "message": safe_text(finding.message),
        "advice": advise(finding, state),
    }


def _clocks(reading: Reading) -> dict[str, Any]:
    return {
        "host": {
            "time": reading.host_time,
            "synchronized": reading.synchronized,
            "max_error": reading.max_error,
            "last_synchronized": reading.last_synchronized,
        },
        "hardware_offset": reading.rtc_offset,
        "references": [
            {
                "clock": each.clock,
                "up": each.up,
                "offset": each.offset,
                "spread": each.spread,
                "certificate": None
                if each.certificate is None
                else {"not_before": each.certificate[0], "not_after": each.certificate[1]},
            }
            for each in reading.references
        ],
    }


def _path(state: PathState, look: Look) -> dict[str, Any]:
    rotation = next((each for each in look.reading.rotations if each.path == state.path), None)
    repair = look.repair
    usable = usable_fallbacks(state, repair)
    issued = None if look.issued is None else look.issued.get(state.path)
    return {
        "path": label_text(state.path),
        "standing": state.standing.value,
        "key_match": state.key_match,
        "issued_by_trusted_ca": None if issued is None else bool(issued.by),
        "issued_by": issued.by if issued and issued.by else None,
        "rotated_while_synchronized": None if rotation is None else rotation.clock_synchronized,
        "faults": [
            {"reason": each.reason.value, "severity": each.reason.severity.value, "detail": safe_text(each.detail)}
            for each in state.faults
        ],
        "link": None
        if state.link is None
        else {
            "target": label_text(state.link.target),
            "target_mtime": state.link.target_mtime,
            "target_name_time": state.link.target_name_time,
        },
        "certificates": [_certificate(each) for each in state.certificates],
        "fallback": label_text(usable[0].path) if usable else None,
        "candidates": [
            {
                "path": label_text(each.path),
                "proof": safe_text(each.proof) or None,
                "objections": [safe_text(text) for text in fallback_objections(each, repair)],
            }
            for each in state.candidates
        ],
    }


def _certificate(certificate: Certificate) -> dict[str, Any]:
    return {
        "entry": certificate.entry,
        "usage": certificate.usage.value,
        "trust_store": certificate.foreign,
        "superseded": certificate.superseded,
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "serial": certificate.serial,
        "fingerprint_sha256": certificate.fingerprint_sha256,
        "not_before": certificate.not_before,
        "not_after": certificate.not_after,
    }
