"""What the scans of one engine share from instance to instance: pseudonyms, limits, what was worked out before."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final

from deident.engine.ages import age_at_study
from deident.engine.charsets import decode, encode, parse_specific_character_set, split_values
from deident.engine.dummies import pad
from deident.engine.limits import Limits
from deident.engine.notes import Deferred, Notes
from deident.profile.decision import Method
from deident.profile.model import Profile
from deident.standard.uids import is_well_known
from deident.standard.values import fitted

if TYPE_CHECKING:
    from deident.engine.descriptors import Cleaner
    from deident.engine.known import KnownIdentifiers
    from deident.engine.level import Level
    from deident.engine.plan import Plan
    from deident.engine.syntax import Syntax
    from deident.pseudonyms import Pseudonyms

__all__ = ["Shared"]

#: An encoded element, and (domain, original, pseudonym) for the map where it belongs there.
Written = tuple[bytes, tuple[str, str, str] | None]

_AGE: Final = re.compile(rb"(\d{1,3})([DWMY])")
_UID_VALUES: Final = 100_000
_REMEMBERED: Final = 1 << 20
_DIGEST: Final = 16


class Shared:
    """What scans of all instances share: pseudonyms, limits, insertions at the top level, and what the profile says of values."""

    def __init__(
        self,
        pseudonyms: Pseudonyms,
        limits: Limits,
        insertions: Callable[[Level, Notes], bytes],
        profile: Profile,
    ) -> None:
        self.pseudonyms = pseudonyms
        self.limits = limits
        self.insertions = insertions
        self.age_cap = profile.age_cap
        self.ae_titles = profile.ae_titles
        self._terms = profile.terms
        self._uid_values: dict[bytes, bytes] = {}
        self._cleaned: dict[tuple[bytes, str, bytes], bytes] = {}
        self._deferred: dict[tuple[Deferred, Syntax, str, str], Written] = {}
        self._plan: Plan | None = None
        self._before: Sequence[bytes] = ()

    def neighbour(self, plan: Plan) -> Sequence[bytes]:
        """The windows of the instance before, if it was of the same plan."""
        return self._before if self._plan is plan else ()

    def remember(self, plan: Plan, windows: Sequence[bytes]) -> None:
        """Keep the windows of an instance until the next one."""
        self._plan, self._before = plan, windows if sum(map(len, windows)) <= _REMEMBERED else ()

    def deferred(self, value: Deferred, syntax: Syntax, patient: str, study_uid: str) -> Written:
        """The element with the pseudonym of an accession number, of a patient, or of a study id in its study."""
        key = (value, syntax, patient, study_uid)
        known = self._deferred.get(key)
        if known is None:
            method, tag, vr, raw, charset = value
            original = decode(raw, parse_specific_character_set(charset), vr)
            if method is Method.ACCESSION:
                domain, new = "accession", self.pseudonyms.accession(original)
            else:
                original = original.strip("\0 ")
                study_id = method is Method.STUDY_ID
                domain = "study-id" if study_id else "patient"
                new = self.pseudonyms.study_id(original, study_uid) if study_id else patient
            entry = None if method is Method.PATIENT_NAME else (domain, original, new)
            if len(self._deferred) >= _UID_VALUES:
                self._deferred.clear()
            known = self._deferred[key] = syntax.element(tag, vr, pad(new.encode(), vr)), entry
        return known

    @cached_property
    def _cleaner(self) -> Cleaner:
        from deident.engine.descriptors import Cleaner  # noqa: PLC0415 - for start-up: few profiles clean texts

        return Cleaner(self._terms)

    def uid_value(self, raw: bytes) -> bytes:
        """The replacement of a UI value: each UID mapped, well-known ones kept, padded (RULES section 5)."""
        known = self._uid_values.get(raw)
        if known is None:
            parts = []
            for part in raw.split(b"\\"):
                canonical = part.strip(b"\0 ")
                keep = not canonical or is_well_known(canonical.decode("latin-1"))
                parts.append(canonical if keep else self.pseudonyms.uid(canonical).encode())
            known = pad(b"\\".join(parts), "UI")
            if len(self._uid_values) >= _UID_VALUES:
                self._uid_values.clear()
            self._uid_values[raw] = known
        return known

    def cleaned(self, raw: bytes, vr: str, charset: bytes, known: KnownIdentifiers | None = None) -> bytes:
        """A text value with what identifies nobody left in it (RULES section 7), padded; empty when nothing is left."""
        key = (raw, vr, charset)
        found = self._cleaned.get(key) if known is None else None
        if found is None:
            charsets = parse_specific_character_set(charset)
            text = decode(raw, charsets, vr)
            values = [fitted(self._cleaner.clean(value.strip("\0 "), known), vr) for value in split_values(text, vr)]
            found = pad(encode("\\".join(values), charsets, vr), vr) if any(values) else b""
            if known is None:
                if len(self._cleaned) >= _UID_VALUES:
                    self._cleaned.clear()
                self._cleaned[key] = found
        return found

    def hashed(self, raw: bytes, vr: str, charset: bytes, context: str = "") -> bytes:
        """Keyed digests in place of the values, which differ from context to context, padded; blank values stay blank."""
        originals = split_values(decode(raw, parse_specific_character_set(charset), vr), vr)
        # Of several one character is left out, lest the padding make the last one longer than SH and AE may be.
        width = _DIGEST if len(originals) == 1 else _DIGEST - 1
        before = f"{context} " if context else ""
        values = [value and self.pseudonyms.digest(before + value)[:width] for value in originals]
        return pad("\\".join(values).encode(), vr)

    def age_value(self, raw: bytes, seen: Mapping[int, bytes]) -> bytes | None:
        """A Patient's Age with the cap applied, calculated where it is empty; None when the value is no age (PS3.5 6.2)."""
        stated = raw.strip(b"\0 ")
        text = stated or age_at_study(seen)
        if not text:
            return raw
        match = _AGE.fullmatch(text)
        if match is None:
            return None
        if self.age_cap is not None and match[2] == b"Y" and int(match[1]) >= self.age_cap:
            return b"%03dY" % self.age_cap
        return raw if stated else text
