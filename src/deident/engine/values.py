"""What the scanner does with a value that it has to look at: one small function per kind of entry (level.py).

A handler notes what later steps need and returns the encoded element that replaces the original, None when it stays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from deident.engine import entries as p
from deident.engine.cleaning import clean
from deident.engine.notes import Notes
from deident.engine.private import looks_like_text
from deident.engine.shared import Shared
from deident.profile.decision import Method
from deident.standard.identifiers import kind_of_content_item

if TYPE_CHECKING:
    from deident.engine.syntax import Syntax

__all__ = ["HANDLERS"]

#: Fields of a TEXT entry whose value goes as a whole on a hit.
_WITHOUT_CUT: Final = 5


def _text(shared: Shared, notes: Notes, entry: Any, value: bytes, charset: bytes, syntax: Syntax) -> bytes | None:
    if len(entry) > _WITHOUT_CUT and value in notes.hits:
        _kind, _advance, _offset, _blank, _number, tag, vr, number = entry
        cut = shared.cleaned(value, vr, charset, notes.known)
        if cut and cut not in notes.hits:
            notes.blanked.add(value)
            notes.texts.append(cut)
            notes.done.append(number)
            return syntax.element(tag, vr, cut)
    return _kept(notes, notes.texts, entry, value)


def _number(_shared: Shared, notes: Notes, entry: Any, value: bytes, _charset: bytes, _syntax: Syntax) -> bytes | None:
    return _kept(notes, notes.numbers, entry, value)


def _blob(_shared: Shared, notes: Notes, entry: Any, value: bytes, _charset: bytes, _syntax: Syntax) -> bytes | None:
    return _kept(notes, notes.blobs, entry, value)


def _kept(notes: Notes, kept: list[bytes], entry: Any, value: bytes) -> bytes | None:
    """A value that stays, unless an earlier scan of the instance found an identifier in it."""
    if notes.hits and value in notes.hits:
        notes.done.append(entry[4])
        notes.blanked.add(value)
        replacement: bytes = entry[3]
        return replacement
    kept.append(value)
    return None


def _gather(_shared: Shared, notes: Notes, entry: Any, value: bytes, charset: bytes, _syntax: Syntax) -> bytes | None:
    notes.gathered.append((entry[5], value, charset))
    replacement: bytes | None = entry[3]
    if replacement is not None:
        notes.done.append(entry[4])
    return replacement


def _uid(shared: Shared, notes: Notes, entry: Any, value: bytes, _charset: bytes, syntax: Syntax) -> bytes:
    new = shared.uid_value(value or b"%d" % entry[3])
    notes.uids[value] = new
    notes.done.append(entry[4])
    return syntax.element(entry[3], "UI", new)


def _age(shared: Shared, notes: Notes, entry: Any, value: bytes, _charset: bytes, syntax: Syntax) -> bytes | None:
    new = shared.age_value(value, notes.seen if entry[6] else {})
    if new == value:
        return None
    notes.done.append(entry[3])
    malformed: bytes = entry[4]
    return malformed if new is None else syntax.element(entry[5], "AS", new)


def _deferred(shared: Shared, notes: Notes, entry: Any, value: bytes, charset: bytes, syntax: Syntax) -> bytes | None:
    """A pseudonym; one that needs other elements, too, is written when the scan is over."""
    _kind, _advance, _offset, method, tag, vr, number, identifying = entry
    if identifying and value:
        notes.gathered.append((identifying, value, charset))
    notes.done.append(number)
    if method is not Method.ACCESSION:
        notes.deferred.append((method, tag, vr, value, charset))
        return None
    element, written = shared.deferred((method, tag, vr, value, charset), syntax, "", "")
    if written is not None:
        notes.originals.append(written)
    return element


def _inside(_shared: Shared, notes: Notes, entry: Any, value: bytes, charset: bytes, _syntax: Syntax) -> None:
    if entry[4]:
        notes.gathered.append((entry[4], value, charset))
    if entry[3] == p.ISSUER:  # it belongs to the id before it
        others = notes.inside.get(p.PATIENT_ID, [b""])
        others[-1] += b"\0" + value.strip(b"\0 ")
        return
    notes.inside.setdefault(entry[3], []).append(value.strip(b"\0 "))


def _concept(_shared: Shared, notes: Notes, entry: Any, value: bytes, _charset: bytes, _syntax: Syntax) -> None:
    """A content item begins with its value type; its concept name comes before its value (tags ascend)."""
    if entry[3] == p.VALUE_TYPE:
        notes.concept = {}
    else:
        notes.concept[entry[3]] = value


def _content(_shared: Shared, notes: Notes, _entry: Any, value: bytes, charset: bytes, _syntax: Syntax) -> None:
    scheme, code = (
        notes.concept.get(tag, b"").strip(b"\0 ").decode("latin-1") for tag in (p.CODING_SCHEME, p.CODE_VALUE)
    )
    kind = kind_of_content_item(scheme, code)
    if kind:
        notes.gathered.append((kind, value, charset))


def _kept_identifier(
    _shared: Shared, notes: Notes, entry: Any, value: bytes, charset: bytes, _syntax: Syntax
) -> bytes | None:
    """An identifier that an option keeps: it may stand elsewhere, too, but what else identifies may not stand in it."""
    notes.gathered.append((f"={entry[5]}", value, charset))
    return _kept(notes, notes.texts, entry, value)


def _retained_uid(
    shared: Shared, notes: Notes, entry: Any, value: bytes, charset: bytes, syntax: Syntax
) -> bytes | None:
    """A UID that an option keeps, unless it is made of a record number or the like: then all that name it are remapped."""
    if value in notes.hits:
        notes.blanked.add(value)
        return _uid(shared, notes, entry, value, charset, syntax)
    notes.texts.append(value)
    return None


def _private(shared: Shared, notes: Notes, entry: Any, value: bytes, charset: bytes, syntax: Syntax) -> bytes | None:
    """A listed private element: what stays of it holds its creator, too."""
    _kind, _advance, _offset, inner, form, failed, numbers = entry
    if form is not None and form.fullmatch(value) is None:
        notes.done.append(failed)
        return b""
    looked_at = inner.__class__ is tuple and not (numbers and not looks_like_text(value))
    out = HANDLERS[inner[0]](shared, notes, inner, value, charset, syntax) if looked_at else None
    if out != b"":
        notes.blocks.stays()
    return out


Handler = Callable[[Shared, Notes, Any, bytes, bytes, "Syntax"], bytes | None]

HANDLERS: Final[dict[int, Handler]] = {
    p.TEXT: _text,
    p.NUMBER: _number,
    p.BLOB: _blob,
    p.GATHER: _gather,
    p.UID: _uid,
    p.AGE: _age,
    p.DEFERRED: _deferred,
    p.INSIDE: _inside,
    p.CONCEPT: _concept,
    p.CONTENT: _content,
    p.KEPT: _kept_identifier,
    p.CLEAN: clean,
    p.PAIRED: clean,
    p.RETAINED_UID: _retained_uid,
    p.PRIVATE_VALUE: _private,
}
