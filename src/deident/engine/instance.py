"""One instance, bytes to bytes: scan, decide, splice; refuse whatever cannot be done safely."""

from __future__ import annotations

import functools
import re
from dataclasses import replace
from typing import Final

from deident.engine import entries as p
from deident.engine import part10
from deident.engine.charsets import decode, parse_specific_character_set
from deident.engine.limits import Limits
from deident.engine.markers import Insertions
from deident.engine.notes import Notes
from deident.engine.part10 import BytesSource, FileHead
from deident.engine.pixelrisk import pixel_risk
from deident.engine.plan import Decisions, Plan
from deident.engine.result import Deidentified, Identity, Statistics
from deident.engine.run import Run
from deident.engine.search import Searcher
from deident.engine.segments import Source, materialise
from deident.engine.shared import Shared
from deident.engine.syntax import Syntax
from deident.errors import Reason, Refusal
from deident.profile.decision import Action, Decision
from deident.profile.model import Option, PixelRisk, Profile
from deident.profile.rules import Rules
from deident.pseudonyms import Pseudonyms, Subject
from deident.standard import iods, uids

__all__ = ["Deidentifier"]

#: Stands in until the data set has told its SOP class.
_ATTEMPTS: Final = 10
_PATIENTS: Final = 1024
_UID: Final = re.compile(rb"[0-2](?:\.(?:0|[1-9][0-9]{0,38})){1,31}")
_ANY_CLASS: Final = "1.2.840.10008.5.1.4.1.1.2"


class Deidentifier:
    """De-identifies instances under one profile and one key. Keeps caches: one per worker, not to be shared by threads."""

    def __init__(self, profile: Profile, pseudonyms: Pseudonyms, limits: Limits = Limits()) -> None:
        self._profile = profile
        self._pseudonyms = pseudonyms
        self._limits = limits
        self._rules = Rules(profile)
        self._decisions = Decisions()
        self._insertions = Insertions(self._rules)
        self._shared = Shared(pseudonyms, limits, self._insertions, profile)
        self._subject: Subject | None = None
        self._heads = part10.FileHeads()
        self._patients: dict[tuple[bytes, ...], tuple[Subject, str, str]] = {}
        self._searcher = Searcher()
        self._plans: dict[tuple[str, frozenset[int], Syntax, bool, bool], Plan] = {}
        self._signatures: dict[tuple[str, frozenset[int]], frozenset[int]] = {}
        self._latest: dict[str, frozenset[int]] = {}
        self._met: dict[str, frozenset[Option]] = {}
        self._done: dict[tuple[int, ...], tuple[tuple[Decision, ...], int, int, int]] = {}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know of the profile before a run."""
        return () if self._rules.conforms else ("no-conformance-claim",)

    def _claims(self, sop_class: str) -> tuple[str, ...]:
        """The same of an instance: an override may hold in one SOP class alone."""
        return () if self._rules.conforms_in(sop_class) else ("no-conformance-claim",)

    def deidentify(self, source: Source) -> Deidentified:
        """De-identify one instance. Raises Refusal, with the reason, for everything that must not be released."""
        head = self._heads.read(source)
        if head.deflated:
            return self._deflated(source, head)
        return self._data_set(source, head, head.data_set, head.buffer)

    def _deflated(self, source: Source, head: FileHead) -> Deidentified:
        inflated = BytesSource(part10.inflate(source, head, self._limits))
        result = self._data_set(inflated, head, 0, b"")
        meta, *body = result.segments
        if not isinstance(meta, bytes):
            raise Refusal(Reason.INTERNAL, "file head")
        return replace(result, segments=[meta, part10.deflate(materialise(body, inflated))])

    # -- scanning

    def _data_set(self, source: Source, head: FileHead, start: int, buffer: bytes) -> Deidentified:
        sop_class = head.sop_class
        trust_un, fixed, hits, found = True, False, self._searcher.expected, frozenset[bytes]()
        known = self._searcher.latest
        for _attempt in range(_ATTEMPTS):
            known_class = sop_class if iods.iod_of(sop_class) else _ANY_CLASS
            in_force = self._latest.get(known_class) or self._signature(known_class, frozenset())
            plan = self._plan(known_class, in_force, head.syntax, trust_un, fixed)
            expected = self._met.get(known_class, frozenset())
            run = Run(self._shared, source, head, plan, Notes(hits, known, self._subject, expected))
            try:
                run.scan(start, buffer)
            except Refusal as refusal:
                if refusal.reason in (Reason.BROKEN, Reason.TRUNCATED) and run.notes.un_sequence and trust_un:
                    trust_un = False
                    continue
                raise
            notes = run.notes
            found_class = notes.seen.get(0x00080016, b"").strip(b"\0 ").decode("latin-1")
            if found_class != sop_class:
                sop_class = found_class
                _refuse_class(sop_class)
                continue
            _refuse_class(sop_class)
            signature = self._signature(sop_class, frozenset(notes.marks))
            self._latest[sop_class] = signature
            if signature != in_force:
                continue
            if notes.by_reference and not fixed:
                fixed = True
                continue
            if notes.subject_used and (subject := self._patient(notes)[0]) != self._subject:
                self._subject = subject
                continue
            if notes.met != expected:
                self._met[sop_class] = frozenset(notes.met)
                continue
            unfounded = self._searcher.unfounded(notes) - found if notes.blanked else frozenset[bytes]()
            more = self._searcher.hits(notes)
            known = self._searcher.latest
            if more or unfounded:
                found |= more
                hits = hits - unfounded | more
                continue
            return self._finish(run, sop_class)
        raise Refusal(Reason.RULE_FAILED, "the instance does not settle")

    def _plan(self, sop_class: str, in_force: frozenset[int], syntax: Syntax, trust_un: bool, fixed: bool) -> Plan:
        key = (sop_class, in_force, syntax, trust_un, fixed)
        plan = self._plans.get(key)
        if plan is None:
            iod = iods.iod_of(sop_class)
            if iod is None:
                raise Refusal(Reason.SOP_CLASS_UNKNOWN)
            if len(self._plans) >= 256:
                self._plans.clear()
            plan = self._plans[key] = Plan(
                *(self._rules, iod, in_force, syntax, self._decisions),
                sop_class=sop_class,
                trust_un=trust_un,
                fixed=fixed,
            )
        return plan

    def _signature(self, sop_class: str, marks: frozenset[int]) -> frozenset[int]:
        key = (sop_class, marks)
        found = self._signatures.get(key)
        if found is None:
            iod = iods.iod_of(sop_class)
            if iod is None:
                raise Refusal(Reason.SOP_CLASS_UNKNOWN)
            found = self._signatures[key] = iod.in_force(marks)
        return found

    # -- finishing

    def _finish(self, run: Run, sop_class: str) -> Deidentified:
        notes, head = run.notes, run.head
        identity, patient_id, study_uid = self._identity(notes, sop_class)
        risk = pixel_risk(sop_class, notes.seen) if run.has_pixels else ""
        if risk and self._profile.pixel_risk is PixelRisk.HOLD:
            raise Refusal(Reason.PIXEL_RISK, risk)
        run.remember()
        originals = run.replace_deferred(identity.patient, study_uid)
        run.clean_pixels(self._limits, self._searcher.suspicious(notes))
        raw_uid = notes.seen[0x00080018]
        written_uid = identity.sop_uid if raw_uid in notes.uids else raw_uid.strip(b"\0 ").decode("latin-1")
        meta = part10.write_file_head(sop_class, written_uid, head.transfer_syntax)
        decisions, removed, private, changed = self._summary(tuple(notes.done))
        return Deidentified(
            segments=[meta, *run.segments(self._insertions)],
            identity=identity,
            decisions=decisions,
            statistics=Statistics(notes.elements, removed, private, changed, run.pixel_data),
            codes=self._insertions.declared(notes, sop_class),
            warnings=(*self._claims(sop_class), *run.warnings, *(("pixel-risk-accepted",) if risk else ())),
            patient_id=patient_id,
            study_uid=study_uid,
            originals=(*originals, *notes.uids.items()),
        )

    def _patient(self, notes: Notes) -> tuple[Subject, str, str]:
        """The patient whom an instance is of, with the original Patient ID and Study Instance UID."""
        get = notes.seen.get
        key = (
            *(get(0x00100020, b""), get(0x00100021, b""), get(0x00101000, b""), get(0x0020000D, b""), notes.charset),
            *notes.inside.get(p.PATIENT_ID, ()),
        )
        known = self._patients.get(key)
        if known is None:
            patient_id, issuer = _text(key[0], notes.charset), _text(key[1], notes.charset)
            study_uid = key[3].strip(b"\0 ").decode("latin-1")
            subject = self._pseudonyms.subject(patient_id, issuer, study_uid, _other_ids(notes))
            if len(self._patients) >= _PATIENTS:
                self._patients.clear()
            known = self._patients[key] = subject, patient_id, study_uid
        return known

    def _identity(self, notes: Notes, sop_class: str) -> tuple[Identity, str, str]:
        seen = notes.seen
        raw = {tag: seen.get(tag, b"").strip(b"\0 ") for tag in (0x00080018, 0x0020000D, 0x0020000E)}
        for tag, value in raw.items():
            if not value:
                raise Refusal(Reason.IDENTITY_MISSING, f"({tag >> 16:04X},{tag & 0xFFFF:04X})")
        subject, patient_id, study_uid = self._patient(notes)
        uid = functools.partial(self._written_uid, notes)
        identity = Identity(
            patient=subject.pseudonym,
            study_uid=uid(raw[0x0020000D]),
            series_uid=uid(raw[0x0020000E]),
            sop_uid=uid(raw[0x00080018]),
            sop_class_uid=sop_class,
        )
        return identity, patient_id, study_uid

    def _written_uid(self, notes: Notes, raw: bytes) -> str:
        """A UID of the output, for its names: a retained one that is no valid UID could be a path."""
        if Option.RETAIN_UIDS not in self._profile.options:
            return self._pseudonyms.uid(raw)
        remapped = any(uid.strip(b"\0 ") == raw for uid in notes.uids)
        return self._pseudonyms.uid(raw) if remapped or not _UID.fullmatch(raw) else raw.decode("ascii")

    def _summary(self, done: tuple[int, ...]) -> tuple[tuple[Decision, ...], int, int, int]:
        """(decisions, removed, of them private, changed): one shared tuple for instances that were treated alike."""
        known = self._done.get(done)
        if known is None:
            decisions = tuple(self._decisions.all[number] for number in done)
            removed = [d for d in decisions if d.action is Action.REMOVE]
            private = sum(d.tag >> 16 & 1 for d in removed if d.because != "illegal group")
            if len(self._done) >= 4096:
                self._done.clear()
            known = self._done[done] = (decisions, len(removed), private, len(decisions) - len(removed))
        return known


def _other_ids(notes: Notes) -> tuple[tuple[str, str], ...]:
    """The other ids of the patient with their issuers: (0010,1002), and the retired (0010,1000)."""
    retired = _text(notes.seen.get(0x00101000, b""), notes.charset)
    listed = [_text(raw, notes.charset).partition("\0") for raw in notes.inside.get(p.PATIENT_ID, ())]
    found = [(value, issuer) for value, _, issuer in listed] + [(value, "") for value in retired.split("\\")]
    return tuple(entry for entry in found if entry[0].strip())


def _text(raw: bytes, charset: bytes) -> str:
    return decode(raw, parse_specific_character_set(charset), "LO").strip("\0 ")


def _refuse_class(sop_class: str) -> None:
    """Raise the Refusal for SOP classes that are never released (RULES sections 2.2 and 11)."""
    if not sop_class:
        raise Refusal(Reason.IDENTITY_MISSING, "(0008,0016)")
    if sop_class in uids.DOCUMENT_CLASSES:
        raise Refusal(Reason.ENCAPSULATED_DOCUMENT)
    if sop_class in uids.AUDIO_CLASSES:
        raise Refusal(Reason.AUDIO)
    if sop_class == uids.MEDIA_STORAGE_DIRECTORY:
        raise Refusal(Reason.DICOMDIR)
    if iods.iod_of(sop_class) is None:
        standard = sop_class.startswith("1.2.840.10008.")
        raise Refusal(Reason.SOP_CLASS_UNKNOWN if standard else Reason.SOP_CLASS_PRIVATE)
