"""clean_frame as a whole: its syntaxes, the real files of the corpora, and bytes that are no frame."""

from __future__ import annotations

import json
import time
import warnings
from importlib.resources import files
from itertools import islice

import pydicom
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels import iter_pixels

from deident.engine.frames import ENCAPSULATED_SYNTAXES, VIDEO_SYNTAXES, CleanedFrame, clean_frame, is_encapsulated
from deident.errors import Reason, Refusal
from support.corpus import CorpusFile, dicom_files

ROOT = "1.2.840.10008.1.2."
# what stands at the start of each family's frames, so that arbitrary bytes get beyond the first check
STARTS = [
    b"",
    b"\xff\xd8\xff\xc0\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00",
    b"\xff\x4f\xff\x51\x00\x04\x00\x00\xff\x90\x00\x0a\x00\x00\x00\x00\x00\x00\x00\x01\xff\x93",
    b"\x00\x00\x00\x0cjP  \r\n\x87\n\x00\x00\x00\x14ftypjp2 \x00\x00\x00\x00jp2 ",
    b"\x00\x00\x00\x0cJXL \r\n\x87\n\x00\x00\x00\x14ftypjxl \x00\x00\x00\x00jxl ",
    b"\x02\x00\x00\x00\x40\x00\x00\x00\x44\x00\x00\x00" + bytes(52),
    b"\x00\x00\x01\xb3\x00\x00\x01\xb2",
    b"\x00\x00\x01\x67\x42\x00\x00\x01\x06",
    b"\x00\x00\x00\x01\x42\x01\x00\x00\x01\x4e\x01",
]


def _encapsulated(found: CorpusFile) -> pydicom.Dataset | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = pydicom.dcmread(found.path)
            syntax = dataset.file_meta.get("TransferSyntaxUID", "")
            return dataset if is_encapsulated(str(syntax)) and "PixelData" in dataset else None
        except (EOFError, AttributeError, ValueError, KeyError):
            return None  # broken on purpose; that such files are refused is the scanner's to show


def _frames(dataset: pydicom.Dataset) -> list[bytes]:
    count = int(dataset.get("NumberOfFrames") or 1)
    return list(generate_frames(dataset.PixelData, number_of_frames=count))


def _decoded(dataset: pydicom.Dataset) -> list[bytes] | str:
    """The pixels of up to three frames; for the one file that no decoder here can read, what they say about it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return [frame.tobytes() for frame in islice(iter_pixels(dataset, raw=True), 3)]
        except RuntimeError as problem:
            return str(problem)


@pytest.fixture(scope="module")
def encapsulated() -> dict[str, pydicom.Dataset]:
    found = {file.id: _encapsulated(file) for file in dicom_files()}
    return {identifier: dataset for identifier, dataset in found.items() if dataset is not None}


def test_every_encapsulated_transfer_syntax_of_the_registry_is_supported() -> None:
    registry = json.loads((files("deident.standard") / "data" / "uid_registry.json").read_text())
    known = {uid for uid, entry in registry["uids"].items() if entry["type"] == "TransferSyntax"}
    elsewhere = {"", "1", "2", "1.99", "4.94", "4.95", "4.204", "4.205", "6.1", "6.2", "7.1", "7.2", "7.3"}
    native = {(ROOT + leaf).rstrip(".") for leaf in elsewhere} | {"1.2.840.10008.1.20"}
    assert known - native == ENCAPSULATED_SYNTAXES
    assert VIDEO_SYNTAXES < ENCAPSULATED_SYNTAXES
    assert not any(is_encapsulated(uid) for uid in native)


@pytest.mark.parametrize("leaf", ["1", "1.99", "4.94", "7.1", "9.9"])
def test_a_transfer_syntax_without_encapsulated_frames_is_refused_as_such(leaf: str) -> None:
    with pytest.raises(Refusal) as refusal:
        clean_frame(b"\xff\xd8\xff\xd9", ROOT + leaf)
    assert refusal.value.reason is Reason.TRANSFER_SYNTAX


def test_every_real_compressed_frame_is_cleaned_and_decodes_to_the_same_pixels(
    encapsulated: dict[str, pydicom.Dataset],
) -> None:
    assert len(encapsulated) > 50
    changed = 0
    for identifier, dataset in encapsulated.items():
        syntax = str(dataset.file_meta.TransferSyntaxUID)
        frames = _frames(dataset)
        cleaned = [clean_frame(frame, syntax) for frame in frames]
        for frame, result in zip(frames, cleaned, strict=True):
            assert len(result.data) % 2 == 0, identifier
            assert clean_frame(result.data, syntax) == CleanedFrame(result.data), identifier
            assert result.data is frame or result.data != frame, identifier
        if all(result.data is frame for frame, result in zip(frames, cleaned, strict=True)):
            continue
        before = _decoded(dataset)
        dataset.PixelData = encapsulate([result.data for result in cleaned])
        after = _decoded(dataset)
        assert before == after, identifier
        assert before
        changed += isinstance(before, list)
    assert changed > 15


def test_a_frame_that_needs_no_cleaning_is_the_very_object_that_was_given(
    encapsulated: dict[str, pydicom.Dataset],
) -> None:
    frame = _frames(encapsulated["pydicom/MR_small_RLE.dcm"])[0]
    cleaned = clean_frame(frame, ROOT + "5")
    assert cleaned.data is frame
    assert cleaned.stripped == ()


def test_the_native_length_of_real_rle_frames_agrees_with_their_runs(encapsulated: dict[str, pydicom.Dataset]) -> None:
    seen = 0
    for dataset in encapsulated.values():
        if dataset.file_meta.TransferSyntaxUID == ROOT + "5":
            native = dataset.Rows * dataset.Columns * dataset.SamplesPerPixel * dataset.BitsAllocated // 8
            frame = _frames(dataset)[0]
            assert clean_frame(frame, ROOT + "5", native).data is frame
            seen += 1
    assert seen > 8


def test_content_never_stands_in_the_representation_of_a_result() -> None:
    cleaned = clean_frame(b"\xff\xd8\xff\xfe\x00\x0aDOE^JANE\xff\xd9", ROOT + "4.50")
    assert repr(cleaned) == "CleanedFrame(stripped=('COM',))"


def _clean_or_refuse(data: bytes, syntax: str, native_length: int | None) -> None:
    outcome: CleanedFrame | Refusal
    try:
        outcome = clean_frame(data, syntax, native_length)
    except Refusal as refusal:
        outcome = refusal
    if isinstance(outcome, Refusal):
        assert outcome.reason is Reason.PIXEL_STREAM
        assert outcome.__context__ is None
    else:
        assert len(outcome.data) % 2 == 0
        assert outcome.data is data or outcome.data != data


@settings(max_examples=600)
@given(
    start=st.sampled_from(STARTS),
    rest=st.binary(max_size=200),
    syntax=st.sampled_from(sorted(ENCAPSULATED_SYNTAXES)),
    native_length=st.none() | st.integers(0, 64),
)
@example(start=b"\xff\xd8", rest=b"\xff" * 100, syntax=ROOT + "4.50", native_length=None)
def test_arbitrary_bytes_are_cleaned_or_refused_and_nothing_else(
    start: bytes, rest: bytes, syntax: str, native_length: int | None
) -> None:
    _clean_or_refuse(start + rest, syntax, native_length)


@settings(max_examples=300)
@given(data=st.data())
def test_truncated_and_damaged_real_frames_are_cleaned_or_refused(
    encapsulated: dict[str, pydicom.Dataset], data: st.DataObject
) -> None:
    small = sorted(name for name, dataset in encapsulated.items() if len(dataset.PixelData) < 20_000)
    dataset = encapsulated[data.draw(st.sampled_from(small))]
    frame = bytearray(_frames(dataset)[0])
    for position in data.draw(st.lists(st.integers(0, min(len(frame), 400) - 1), max_size=3)):
        frame[position] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(frame)))
    _clean_or_refuse(bytes(frame[:cut]), str(dataset.file_meta.TransferSyntaxUID), None)


@pytest.mark.parametrize(
    ("leaf", "hostile"),
    [
        ("4.50", b"\xff\xd8" + b"\xff" * 4_000_000),
        ("4.50", b"\xff\xd8" + b"\xff\xfe\x00\x02" * 1_000_000 + b"\xff\xd9"),
        ("4.50", STARTS[1] + b"\xff\xd0" * 2_000_000),
        ("4.90", b"\xff\x4f\xff\x51\x00\x04\x00\x00" + b"\xff\x30" * 2_000_000),
        ("4.90", STARTS[2] + b"\xff\x91\x00\x04\xff\xd9" * 600_000),
        ("4.110", STARTS[4] + b"\x00\x00\x00\x08abcd" * 400_000),
        ("4.102", STARTS[7] + b"\xff" * 4_000_000),
        ("4.102", STARTS[7] + b"\x00\x00\x03" * 1_000_000),
        ("4.102", STARTS[7] + b"\x05\x01A" * 300_000),
        ("4.100", b"\x00\x00\x01\xb3" + b"\x00\x00\x01\xb2A" * 400_000),
        ("5", STARTS[5] + b"\x80" * 2_000_000),
    ],
)
def test_no_hostile_frame_takes_more_than_time_in_proportion_to_its_size(leaf: str, hostile: bytes) -> None:
    started = time.process_time()
    _clean_or_refuse(hostile, ROOT + leaf, 64)
    assert time.process_time() - started < 10
