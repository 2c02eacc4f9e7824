"""A planted identifier is found whatever surrounds it and however it is written; other words never are."""

import unicodedata

from hypothesis import assume, given
from hypothesis import strategies as st

from deident.engine.known import KnownIdentifiers, _merged
from deident.engine.known_text import atoms
from deident.standard.vocabulary import generic_words, is_term, name_particles, placeholders

LETTERS = "abcdefghijklmnopqrstuvwxyz"
ACCENTED = LETTERS + "äöüéèñçåøłčšžáíóúąęğ"
NOT_ALONE = name_particles() | placeholders() | generic_words()


def without_diacritics(text):
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


name_parts = st.text(ACCENTED, min_size=3, max_size=12).filter(
    lambda w: not is_term(without_diacritics(w)) and without_diacritics(w) not in NOT_ALONE
)
ids = st.from_regex(r"[A-Z]{2}[0-9]{5,9}|[0-9]{6,10}", fullmatch=True).filter(lambda i: i.strip("0"))
separators = st.sampled_from([" ", "-", "_", ".", "/"])
breaks = st.sampled_from([" ", "_", "^", "=", ",", ";", "\\", "\n", "(", ":", "\0", "\u3000", "—", "+", "@", "&", "。"])
surroundings = st.text(max_size=30)


def full_width(text):
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def swap_some(text):
    return "".join(c.upper() if index % 2 else c for index, c in enumerate(text))


SPELLINGS = st.sampled_from(
    [
        str,
        str.upper,
        str.lower,
        str.title,
        swap_some,
        without_diacritics,
        full_width,
        lambda t: unicodedata.normalize("NFD", t),
        lambda t: unicodedata.normalize("NFC", t).upper(),
        lambda t: full_width(without_diacritics(t)).upper(),
    ]
)


def covers(known, text, start, end):
    return any(first < end and last > start for first, last in known.find(text))


@given(name_parts, name_parts, SPELLINGS, surroundings, surroundings, breaks, breaks, st.booleans())
def test_a_part_of_a_name_is_always_found(family, given_name, spell, before, after, left, right, take_given):
    known = KnownIdentifiers([("name", f"{family.title()}^{given_name.title()}")])
    planted = spell(given_name if take_given else family)
    text = before + left + planted + right + after
    assert covers(known, text, len(before + left), len(before + left + planted))


@given(name_parts, name_parts, SPELLINGS, separators, surroundings, breaks, st.booleans(), st.booleans())
def test_a_full_name_is_found_in_both_orders_with_any_separator_or_none(
    family, first, spell, sep, before, left, swap, fused
):
    known = KnownIdentifiers([("name", f"{family}^{first}")])
    words = [first, family] if swap else [family, first]
    planted = spell(("" if fused else sep).join(words))
    text = before + left + planted
    assert covers(known, text, len(before + left), len(text))


@given(
    ids,
    SPELLINGS,
    st.lists(st.tuples(st.integers(0, 9), separators), max_size=3),
    surroundings,
    surroundings,
    breaks,
    breaks,
)
def test_an_id_is_found_whatever_separators_it_is_written_with(identifier, spell, cuts, before, after, left, right):
    known = KnownIdentifiers([("id", identifier)])
    planted = identifier
    for place, separator in sorted(dict(cuts).items(), reverse=True):
        if 0 < place < len(identifier):
            planted = planted[:place] + separator + planted[place:]
    planted = spell(planted)
    text = before + left + planted + right + after
    assert covers(known, text, len(before + left), len(before + left + planted))


@given(st.dates(), surroundings, breaks, st.integers(0, 9))
def test_a_date_is_found_in_every_usual_spelling(date, before, left, form):
    assume((date.year, date.month, date.day) not in {(1900, 1, 1), (1, 1, 1), (9999, 12, 31)})
    y, m, d = date.year, date.month, date.day
    month = date.strftime("%b")
    planted = (
        f"{y:04}{m:02}{d:02}",
        f"{y:04}-{m:02}-{d:02}",
        f"{y:04}.{m:02}.{d:02}",
        f"{d:02}.{m:02}.{y:04}",
        f"{d}/{m}/{y:04}",
        f"{m}/{d}/{y:04}",
        f"{d}-{month}-{y:04}",
        f"{month} {d}, {y:04}",
        f"{y:04}年{m}月{d}日",
        f"{d:02}{month.upper()}{y:04}",
    )[form]
    known = KnownIdentifiers([("date", f"{y:04}{m:02}{d:02}")])
    text = before + left + " " + planted
    assert covers(known, text, len(before + left), len(text))


@given(
    st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=2, max_size=3),
    surroundings,
    surroundings,
)
def test_an_ideographic_name_is_found_inside_any_text(name, before, after):
    known = KnownIdentifiers([("name", f"Wang^Wei={name}^{name[::-1]}")])
    text = before + name + after
    assert covers(known, text, len(before), len(before + name))


@given(name_parts, ids, st.lists(st.text(LETTERS, min_size=1, max_size=14), max_size=6))
def test_other_words_are_never_found(name, identifier, others):
    plain = without_diacritics(name)
    spelled_out = {plain, without_diacritics(name.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue"))}
    spelled_out |= {without_diacritics(name.replace(a, b)) for a, b in (("å", "aa"), ("ø", "oe"))}
    known = KnownIdentifiers([("name", name), ("id", identifier)])
    assume(not any(word in form or form in word for word in others for form in (name, *spelled_out)))
    assume("ø" not in name and "ł" not in name and "å" not in name)
    assert known.find(" ".join(others)) == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["name", "id", "date", "address", "phone", "organization", "station", "device", "uid"]),
            st.text(),
        )
    ),
    st.text(),
    st.binary(),
)
def test_nothing_raises_and_every_span_lies_within_the_text(values, text, data):
    known = KnownIdentifiers(values, ("", "ISO 2022 IR 87"))
    for searched in (text, *(value for _kind, value in values), text.join(value for _kind, value in values)):
        last = 0
        for start, end in known.find(searched):
            assert last <= start < end <= len(searched)
            last = end
    assert known.in_bytes(data) in (True, False)
    assert repr(known).startswith("KnownIdentifiers(")


@given(
    st.text(st.sampled_from("sSmMiItThH JohnLiwWu12-\\_^aAbB34cC"), max_size=30),
    st.sampled_from(["Smith^John", "Li^Wu", "A1-2b3C4", "12", "s1"]),
)
def test_the_fast_no_for_ascii_never_hides_what_the_full_search_finds(text, value):
    known = KnownIdentifiers([("name" if "^" in value else "id", value)])
    assert known.find(text) == _merged(list(known._in_atoms(text, atoms(text))))
