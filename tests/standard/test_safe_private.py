"""Table E.3.10-1 as data: counts, what is left out by default, and how a row is named."""

from __future__ import annotations

from collections import Counter

from deident.standard.safe_private import creators, retained, rows


def test_the_table_has_479_rows_of_20_creators() -> None:
    assert len(rows()) == 479
    assert len({row.creator for row in rows().values()}) == 20
    assert all(row.group & 1 and 0 <= row.element <= 0xFF for row in rows().values())


def test_twenty_rows_of_bytes_are_left_out() -> None:
    bulk = Counter(row.vr for row in rows().values() if row.is_bulk)
    assert bulk == {"OB": 17, "OW/OB": 2, "OW": 1}


def test_a_row_without_vr_cannot_be_compared_and_is_left_out() -> None:
    assert sum(not row.vr for row in rows().values()) == 5
    assert len(retained()) == 479 - 20 - 5
    assert all(row.vr and not row.is_bulk for row in retained().values())


def test_a_row_is_found_by_creator_group_and_low_byte() -> None:
    row = rows()["GEMS_ACQU_01", 0x0019, 0x23]
    assert (row.vr, row.vm, row.pattern) == ("DS", "1", "(0019,xx23)")
    assert ("GEMS_ACQU_01", 0x0019, 0x00) not in rows()


def test_a_creator_of_bytes_alone_is_none_of_those_retained() -> None:
    assert "Philips ST80i" in {row.creator for row in rows().values()}
    assert "Philips ST80i" not in creators()
