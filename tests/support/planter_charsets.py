"""Places in other scripts: names in every character set of PS3.3 C.12.1.1.2, repeated in text that stays."""

from __future__ import annotations

import random
from dataclasses import dataclass

from support.elements import Element, Item, find
from support.planter_context import Context, NotHere, make, place

NAME_TAG, TEXT_TAG, CHARSET_TAG = 0x00081050, 0x00080070, 0x00080005


@dataclass(frozen=True, slots=True)
class Charset:
    """A value of Specific Character Set and how Python writes it; `escape` precedes each run of a G1 set (ISO 2022)."""

    name: str
    term: str
    codec: str
    letters: tuple[int, int]
    length: int = 9
    escape: bytes = b""

    def encode(self, text: str) -> bytes:
        body = text.encode(self.codec)
        return self.escape + body if self.escape and not text.isascii() else body

    def word(self, rng: random.Random) -> str:
        """A word of letters that the set has and that stay the same letters when case is folded."""
        word = ""
        while len(word) < self.length:
            letter = chr(rng.randint(*self.letters))
            if letter.isalpha() and self._writes(letter) and (letter.islower() or letter.lower() == letter.upper()):
                word += letter
        return word

    def _writes(self, letter: str) -> bool:
        try:
            return letter.encode(self.codec).decode(self.codec) == letter and not letter.isascii()
        except UnicodeError:
            return False


_KANJI, _HANGUL = (0x4E00, 0x9FA5), (0xAC00, 0xD7A3)
CHARSETS = (
    Charset("latin1", "ISO_IR 100", "iso8859_1", (0xDF, 0xFF)),
    Charset("latin2", "ISO_IR 101", "iso8859_2", (0xDF, 0x17F)),
    Charset("latin3", "ISO_IR 109", "iso8859_3", (0xDF, 0x17F)),
    Charset("latin4", "ISO_IR 110", "iso8859_4", (0xDF, 0x17F)),
    Charset("latin5", "ISO_IR 148", "iso8859_9", (0xDF, 0xFE)),
    Charset("cyrillic", "ISO_IR 144", "iso8859_5", (0x430, 0x44F)),
    Charset("greek", "ISO_IR 126", "iso8859_7", (0x3B1, 0x3C1)),
    Charset("arabic", "ISO_IR 127", "iso8859_6", (0x621, 0x63A)),
    Charset("hebrew", "ISO_IR 138", "iso8859_8", (0x5D0, 0x5EA)),
    Charset("thai", "ISO_IR 166", "tis_620", (0xE01, 0xE2E)),
    Charset("katakana", "ISO_IR 13", "shift_jis", (0xFF71, 0xFF9C)),
    Charset("kanji", "\\ISO 2022 IR 87", "iso2022_jp", _KANJI, 4),
    Charset("kanji_supplement", "\\ISO 2022 IR 159", "iso2022_jp_1", _KANJI, 4),
    Charset("hangul", "\\ISO 2022 IR 149", "euc_kr", _HANGUL, 4, b"\x1b$)C"),
    Charset("hanzi", "\\ISO 2022 IR 58", "gb2312", _KANJI, 4, b"\x1b$)A"),
    Charset("gb18030", "GB18030", "gb18030", _KANJI, 4),
    Charset("gbk", "GBK", "gbk", _KANJI, 4),
    Charset("utf8", "ISO_IR 192", "utf-8", (0x100, 0x24F)),
    Charset("utf8_kanji", "ISO_IR 192", "utf-8", _KANJI, 4),
)


def _names(context: Context, charset: Charset, where: str) -> tuple[str, str]:
    rng = random.Random(f"{where} {context.seed}")
    family, given = charset.word(rng), charset.word(rng)
    return context.hide(family, "name", f"{where}/family"), context.hide(given, "name", f"{where}/given")


def _person_name(context: Context, charset: Charset, where: str, family: str, given: str) -> bytes:
    """A PN value; ideographic scripts stand in the second component group, as Japanese and Korean names do."""
    name = charset.encode(family) + b"^" + charset.encode(given)
    if charset.escape or charset.codec.startswith("iso2022"):
        name = context.canary("PN", "", f"{where}/alphabetic").encode() + b"=" + name
    return name


def _register(charset: Charset) -> None:
    @place(
        f"charset.{charset.name}",
        f"a name in {charset.term.strip(chr(92))}, and again in text that stays, in a nested item",
    )
    def _hide(context: Context) -> None:
        where = f"charset.{charset.name}"
        family, given = _names(context, charset, where)
        for depth in (1, 2):
            context.nest(
                [
                    make(CHARSET_TAG, charset.term),
                    make(TEXT_TAG, b"Made for " + charset.encode(family)),
                    make(NAME_TAG, _person_name(context, charset, where, family, given)),
                ],
                depth,
            )


for _charset in CHARSETS:
    _register(_charset)


@place("charset.top", "ISO 2022 names at the top level and again in an item that inherits the character set")
def _top(context: Context) -> None:
    present = find(context.elements, CHARSET_TAG)
    if present is not None and present.value.strip(b"\0 ") not in (b"", b"ISO_IR 6"):
        raise NotHere("the file declares a character set")
    charset = next(c for c in CHARSETS if c.name == "kanji")
    family, given = _names(context, charset, "charset.top")
    context.put(make(CHARSET_TAG, charset.term))
    context.put(make(0x00101001, _person_name(context, charset, "charset.top", family, given)))
    context.nest([make(TEXT_TAG, b"Made for " + charset.encode(family))], 2)


@place("charset.crossed", "a name in GB18030, repeated in an item that says UTF-8")
def _crossed(context: Context) -> None:
    charset = next(c for c in CHARSETS if c.name == "gb18030")
    family, given = _names(context, charset, "charset.crossed")
    other = Element(0x00080121, "SQ", items=[Item([make(CHARSET_TAG, "ISO_IR 192"), make(TEXT_TAG, family.encode())])])
    name = make(NAME_TAG, _person_name(context, charset, "charset.crossed", family, given))
    inner = Element(0x0040A170, "SQ", items=[Item([make(CHARSET_TAG, "GB18030"), other, name])])
    context.nest([inner])
