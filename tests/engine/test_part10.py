"""The file format around a data set: what is read of it, what is written anew, what is refused; and headers alone."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread

from deident.engine.headers import read_header
from deident.engine.limits import Limits
from deident.engine.part10 import IMPLEMENTATION_CLASS_UID, BytesSource, FileHead, FileHeads, read_file_head
from deident.errors import Reason, Refusal
from support.builders import SYNTAXES, build, uid
from support.corpus import dicom_files
from support.elements import DEFLATED, Element, Item, find, inflated, parse, put
from support.outputs import deidentifier, fresh, output


def _refused(data: bytes, limits: Limits = Limits()) -> Reason:
    with pytest.raises(Refusal) as caught:
        output(fresh(limits=limits), data)
    return caught.value.reason


def _meta(data: bytes, tag: int, value: bytes) -> bytes:
    file = parse(data)
    assert file.meta is not None
    put(file.meta, Element(tag, "UI", value))
    return file.encode()


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_preamble_and_meta_are_written_anew(syntax: str) -> None:
    file = parse(build("ct", syntax))
    assert file.meta is not None
    file.preamble = b"II*\0 Doe^Jane".ljust(128, b"\0")
    put(file.meta, Element(0x00020016, "AE", b"DOES_PACS "))
    result = output(deidentifier(), file.encode())
    assert result[:132] == bytes(128) + b"DICM"
    read = dcmread(io.BytesIO(result))
    assert read.file_meta.TransferSyntaxUID == SYNTAXES[syntax]
    assert read.file_meta.MediaStorageSOPInstanceUID == read.SOPInstanceUID
    assert read.file_meta.ImplementationClassUID == IMPLEMENTATION_CLASS_UID
    assert len(read.file_meta.ImplementationVersionName) <= 16
    assert b"DOES_PACS" not in result


def test_the_instance_uid_comes_from_the_data_set_not_from_the_meta() -> None:
    data = build("ct")
    other = _meta(data, 0x00020003, b"1.2.3.999\0")
    assert output(deidentifier(), other) == output(deidentifier(), data)


def test_what_comes_without_preamble_or_meta_is_read_when_it_starts_as_a_data_set() -> None:
    data = build("ct")
    wanted = output(deidentifier(), data)
    assert output(deidentifier(), data[128:]) == wanted
    assert output(deidentifier(), data[132:]) == wanted
    start = len(data) - sum(len(part) for part in [data.partition(b"\x08\x00\x08\x00CS")[2]]) - 6
    assert output(deidentifier(), data[start:]) == wanted


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.EMPTY),
        (b"%PDF-1.4", Reason.NOT_DICOM),
        (bytes(4000), Reason.NOT_DICOM),
        (bytes(128) + b"DICM", Reason.BROKEN),
        (bytes(128) + b"DICM\x02\x00", Reason.BROKEN),
        (bytes(128) + b"DICM\x02\x00\x00\x00XX\x04\x00\0\0\0\0", Reason.BROKEN),
        (bytes(128) + b"DICM\x02\x00\x00\x00UL\xff\xff\0\0\0\0", Reason.TRUNCATED),
    ],
)
def test_what_is_no_file_is_refused(data: bytes, reason: Reason) -> None:
    assert _refused(data) is reason


@pytest.mark.parametrize(
    ("syntax", "reason"),
    [
        (b"1.2.3.4", Reason.TRANSFER_SYNTAX),
        (b"1.2.840.10008.1.2.4.94", Reason.TRANSFER_SYNTAX),
        (b"1.2.840.10008.1.2.7.1 ", Reason.TRANSFER_SYNTAX),
        (b"1.2.840.113619.5.2", Reason.TRANSFER_SYNTAX),
    ],
)
def test_transfer_syntaxes_without_rules_are_refused(syntax: bytes, reason: Reason) -> None:
    assert _refused(_meta(build("ct"), 0x00020010, syntax)) is reason


@pytest.mark.parametrize(
    ("family", "reason"),
    [
        ("pdf", Reason.ENCAPSULATED_DOCUMENT),
        ("cda", Reason.ENCAPSULATED_DOCUMENT),
        ("audio", Reason.AUDIO),
        ("private", Reason.SOP_CLASS_PRIVATE),
        ("unknown", Reason.SOP_CLASS_UNKNOWN),
    ],
)
def test_classes_that_are_never_released(family: str, reason: Reason) -> None:
    assert _refused(build(family)) is reason


def test_missing_identity_is_refused() -> None:
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID"):
        assert _refused(build("ct", **{keyword: None})) is Reason.IDENTITY_MISSING


def test_a_deflated_data_set_goes_round() -> None:
    data = build("ct", "deflated")
    result = output(deidentifier(), data)
    assert parse(result).transfer_syntax in DEFLATED
    plain = output(deidentifier(), build("ct", "explicit"))
    assert inflated(result) == plain[len(plain) - len(inflated(result)) :]


def test_a_deflate_bomb_is_refused() -> None:
    file = parse(build("ct", "deflated"))
    put(file.elements, Element(0x00091001, "OB", bytes(8 << 20)))
    data = file.encode()
    assert len(data) < 100_000
    assert _refused(data, Limits(inflated=1 << 20)) is Reason.LIMIT
    assert _refused(data[:-200]) is Reason.TRUNCATED
    assert _refused(data[:-4000] + bytes(4000)) in (Reason.BROKEN, Reason.TRUNCATED)


def _nested(depth: int, *, undefined: bool) -> bytes:
    element = Element(0x00080070, "LO", b"Acme")
    for _ in range(depth):
        element = Element(0x0018A001, "SQ", items=[Item([element], undefined)], undefined=undefined)
    file = parse(build("ct"))
    put(file.elements, element)
    return file.encode()


@pytest.mark.parametrize("undefined", [True, False])
def test_depth_is_limited(undefined: bool) -> None:
    assert output(deidentifier(), _nested(60, undefined=undefined))
    assert _refused(_nested(65, undefined=undefined)) is Reason.LIMIT
    assert _refused(_nested(5, undefined=undefined), Limits(depth=3)) is Reason.LIMIT


def test_counts_and_header_size_are_limited() -> None:
    file = parse(build("ct"))
    items = [Item([Element(0x00080070, "LO", b"Acme")]) for _ in range(3000)]
    put(file.elements, Element(0x0018A001, "SQ", items=items))
    data = file.encode()
    assert output(deidentifier(), data)
    assert _refused(data, Limits(elements=1000)) is Reason.LIMIT
    assert _refused(data, Limits(header=32 << 10)) is Reason.LIMIT


def test_headers_say_what_the_file_says() -> None:
    for file in dicom_files():
        try:
            header = read_header(BytesSource(file.read()))
        except Refusal:
            continue
        read = dcmread(file.path, force=True, stop_before_pixels=True)
        assert header.study_uid == read.StudyInstanceUID, file.id
        assert header.series_uid == read.SeriesInstanceUID
        assert header.sop_uid == read.SOPInstanceUID
        assert header.patient_id == str(read.get("PatientID") or "").strip()
        assert header.modality == str(read.get("Modality") or "").strip()


@pytest.mark.parametrize("syntax", ["explicit", "implicit", "big-endian", "deflated"])
def test_headers_do_not_show_identity_and_need_few_bytes(syntax: str) -> None:
    data = build("ct", syntax, PixelData=bytes(1 << 20) if syntax != "deflated" else bytes(128))
    read = 0

    class Counting:
        size = len(data)

        def read_at(self, offset: int, length: int) -> bytes:
            nonlocal read
            read += length
            return data[offset : offset + length]

    header = read_header(Counting())
    assert header.study_uid == uid("study")
    assert uid("study") not in repr(header)
    assert "PAT-4711" not in repr(header)
    assert header.patient_id == "PAT-4711"
    assert read <= (64 << 10) or syntax == "deflated"


@pytest.mark.parametrize("syntax", ["explicit", "implicit"])
def test_a_file_that_ends_inside_an_element_of_its_header_is_truncated_and_not_without_identity(syntax: str) -> None:
    data = build("ct", syntax)
    for tag in (b"\x20\x00\x0d\x00", b"\x10\x00\x20\x00", b"\x08\x00\x60\x00"):
        start = data.index(tag)
        for length in (start + 4, start + 9):
            with pytest.raises(Refusal) as caught:
                read_header(BytesSource(data[:length]))
            assert caught.value.reason is Reason.TRUNCATED
        with pytest.raises(Refusal) as caught:
            read_header(BytesSource(data[:start] + bytes(3)))  # zeros are no element
        assert caught.value.reason is Reason.IDENTITY_MISSING


def test_headers_of_broken_files_are_refused() -> None:
    data = build("ct")
    start = data.index(b"\x08\x00\x08\x00CS")
    for broken in (
        b"",
        b"no",
        data[:150],
        data[: start + 30],
        data[:start] + b"\x08\x00\x08\x00??" + data[start + 6 :],
    ):
        with pytest.raises(Refusal):
            read_header(BytesSource(broken))


def test_trailing_zeros_are_dropped_and_find_no_fault() -> None:
    data = build("rt-plan")
    assert output(deidentifier(), data + bytes(512)) == output(deidentifier(), data)
    assert find(parse(output(deidentifier(), data)).elements, 0xFFFCFFFC) is None


def _head(read: Callable[[BytesSource], FileHead], data: bytes) -> tuple[object, ...]:
    try:
        head = read(BytesSource(data))
    except Refusal as refusal:
        return refusal.reason, refusal.detail
    return head.transfer_syntax, head.sop_class, head.data_set, head.syntax, head.buffer


@given(st.data())
def test_the_head_of_a_file_is_read_as_if_no_other_had_been_read_before(data: st.DataObject) -> None:
    """Each file is an earlier one with bytes of its head changed, cut or put in: what is remembered must not stand in."""
    heads = FileHeads()
    known = [build("ct"), build("mr", "implicit")]
    for _ in range(4):
        file = bytearray(data.draw(st.sampled_from(known)))
        at = data.draw(st.integers(120, 500))
        after = at + data.draw(st.integers(0, 4))
        file[at:after] = data.draw(
            st.sampled_from([b"", b"2", b"\x02\x00", b"\x02\x00\x16\x00AE\x02\x00AB", b"\0\0\0\0"])
        )
        known.append(bytes(file))
        for one in (known[0], known[-1], known[-1][: data.draw(st.integers(0, 600))]):
            assert _head(heads.read, one) == _head(read_file_head, one)


def test_a_head_that_goes_on_where_a_known_one_ends_is_another_head() -> None:
    heads, data = FileHeads(), build("ct")
    end = heads.read(BytesSource(data)).data_set
    longer = data[:end] + b"\x02\x00\x16\x00AE\x02\x00AB" + data[end:]
    assert heads.read(BytesSource(longer)).data_set == end + 10
    assert heads.read(BytesSource(data)).data_set == end
