"""Values that an option, or the site, wants cleaned: read and rewritten in place, one small function per method."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from deident.engine.dates import shift, to_year
from deident.engine.dummies import pad
from deident.profile.decision import Method

if TYPE_CHECKING:
    from deident.engine.notes import Notes
    from deident.engine.shared import Shared
    from deident.engine.syntax import Syntax

__all__ = ["clean"]

_DAY_LENGTH: Final = 8
_FIELDS: Final = 11


def clean(shared: Shared, notes: Notes, entry: Any, value: bytes, charset: bytes, syntax: Syntax) -> bytes | None:
    """A value that an option, or the site, wants cleaned; what cannot be cleaned is treated as without the option."""
    _entry, _advance, _offset, tag, vr, method, number, instead, number_instead, kind, parameter = entry[:_FIELDS]
    if not value.strip(b"\0 "):
        return None
    if method is Method.HASH:
        new = shared.hashed(value, vr, charset, parameter)
    elif method is Method.CAP:
        new = _capped(value, float(parameter))
    else:
        new = _CLEANERS[method](shared, notes, value, vr, charset)
    if kind and method not in _DATED:
        # What stays although it identifies may stand elsewhere, too (RULES 14.1).
        notes.gathered.append((f"={kind}" if new == value else kind, value, charset))
    if not new:
        notes.done.append(number_instead)
        replacement: bytes = instead
        return replacement
    if new == value:
        return None
    notes.done.append(number)
    return syntax.element(tag, vr, new)


def _shifted(_shared: Shared, notes: Notes, value: bytes, vr: str, charset: bytes) -> bytes:
    """The date with the offset of the patient. The true one is an identifier: it would give the offset away."""
    notes.subject_used = True
    _gather_date(notes, value, vr, charset)
    beside, notes.beside = notes.beside, b""
    days, seconds = (notes.subject.offset_days, notes.subject.offset_seconds) if notes.subject else (0, 0)
    return pad(shift(value, vr, days, seconds, beside) or b"", vr)


def _year(_shared: Shared, notes: Notes, value: bytes, vr: str, charset: bytes) -> bytes:
    _gather_date(notes, value, vr, charset)
    return pad(to_year(value, vr) or b"", vr)


def _gather_date(notes: Notes, value: bytes, vr: str, charset: bytes) -> None:
    if vr != "TM" and len(value) >= _DAY_LENGTH:
        notes.gathered.append(("date", value if vr == "DA" else value[:_DAY_LENGTH], charset))


def _cleaned_text(shared: Shared, notes: Notes, value: bytes, vr: str, charset: bytes) -> bytes:
    new = shared.cleaned(value, vr, charset)
    if notes.hits and new in notes.hits:
        notes.blanked.add(new)
        new = shared.cleaned(value, vr, charset, notes.known)
        if new in notes.hits:
            return b""
    if new:
        notes.texts.append(new)
    return new


def _allowed(shared: Shared, _notes: Notes, value: bytes, _vr: str, _charset: bytes) -> bytes:
    titles = {title.strip(b"\0 ").decode("latin-1") for title in value.split(b"\\")}
    return value if titles <= shared.ae_titles else b""


def _capped(value: bytes, limit: float) -> bytes:
    """A number of at most the limit; nothing when it is none."""
    try:
        number = float(value.strip(b"\0 "))
    except ValueError:
        return b""
    return value if number < limit else pad(b"%d" % limit, "DS")


def _pseudonym(_shared: Shared, notes: Notes, _value: bytes, vr: str, _charset: bytes) -> bytes:
    notes.subject_used = True
    return pad((notes.subject.pseudonym if notes.subject else "-").encode(), vr)


_CLEANERS: Final[dict[Method, Callable[[Shared, Notes, bytes, str, bytes], bytes]]] = {
    Method.SHIFT: _shifted,
    Method.YEAR: _year,
    Method.TEXT: _cleaned_text,
    Method.ALLOWED: _allowed,
    Method.PSEUDONYM: _pseudonym,
}
#: Methods that gather the date themselves.
_DATED: Final = frozenset({Method.SHIFT, Method.YEAR})
