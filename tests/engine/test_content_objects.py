"""Content items and graphics where they are met: key objects, presentation states, waveforms, specimens, acquisition context."""

from __future__ import annotations

import pytest
from pydicom import Dataset

from deident.errors import Refusal
from support.builders import FAMILIES, build, dataset, encode
from support.corpus import corpus_file
from support.iod_content import code
from support.judges import dciodvfy, dsrdump, new_complaints
from support.leaks import find_leaks
from support.outputs import fresh, output
from support.planter import GENTLE, plant
from support.reports import concept, item, measured, read, reference, report, walk_items

OPTIONS = {
    "alone": {"clean_structured_content", "clean_graphics"},
    "descriptors": {"clean_structured_content", "clean_graphics", "clean_descriptors"},
    "dates": {"clean_structured_content", "clean_graphics", "retain_longitudinal_modified_dates"},
}
ENGINES = {name: fresh("basic", options=options) for name, options in OPTIONS.items()}
DOCUMENTS = [name for name in FAMILIES if name.startswith(("sr-", "ko"))]
PRESENTATIONS = [name for name in FAMILIES if name.startswith("pr-")]
REAL = (
    *("pydicom/reportsi.dcm", "pydicom/reportsi_with_empty_number_tags.dcm", "pydicom/test-SR.dcm"),
    "pydicom/waveform_ecg.dcm",
)
#: The scheme of the codes in reportsi.dcm, and what stands for it.
_PRIVATE = ("99_OFFIS_DCMTK", "99ANON")
_GSPS = "1.2.840.10008.5.1.4.1.1.11.1"
#: Sequences that the options have walked: Manufacturer, which no table lists, stays in them.
_WALKED = ("00400555", "00400610", "0040A730", "0040B020", "00700001", "00400275", "30100081")


def _source(name: str) -> bytes:
    return build(name) if name in FAMILIES else corpus_file(name).read()


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("name", [*DOCUMENTS, *PRESENTATIONS, "enhanced-mr", "ecg", "wsi", *REAL])
def test_the_judges_find_no_error_that_the_input_did_not_have(name: str, options: str) -> None:
    source = _source(name)
    result = output(ENGINES[options], source)
    assert new_complaints(dciodvfy, source, result) == {}
    if name in DOCUMENTS or "SR" in name or "report" in name:
        assert new_complaints(dsrdump, source, result) == {}


@pytest.mark.parametrize("options", ["alone", "descriptors"])
@pytest.mark.parametrize("name", ["sr-comprehensive", "ko", "pr-grayscale", "ecg", "wsi", *REAL[::2]])
def test_nothing_that_was_planted_is_left_in_what_the_options_keep(name: str, options: str) -> None:
    planted = plant(_source(name), 3, GENTLE)
    leaks = find_leaks(output(ENGINES[options], planted.data), planted.identifiers)
    kept = [leak for leak in leaks if any(f"/{tag}>Manufacturer" in leak.identifier.place for tag in _WALKED)]
    assert [leak for leak in leaks if leak not in kept] == []


@pytest.mark.parametrize("name", REAL[:3])
def test_measurements_codes_and_coordinates_of_real_reports_stay_to_the_byte(name: str) -> None:
    source = _source(name)
    result = output(ENGINES["alone"], source)
    before, after = (list(walk_items(read(data))) for data in (source, result))
    for kind, tag in (("NUM", 0x0040A30A), ("SCOORD", 0x00700022), ("CODE", 0x00080100)):
        values = [
            [one[tag].value for one in _holders(found, tag)] for found in before if found.get("ValueType") == kind
        ]
        kept = [[one[tag].value for one in _holders(found, tag)] for found in after if found.get("ValueType") == kind]
        assert kept == values
    assert len(after) > 3


def _holders(found: Dataset, tag: int) -> list[Dataset]:
    if tag in found:
        return [found]
    inside = [*found.get("MeasuredValueSequence", []), *found.get("ConceptCodeSequence", [])]
    return [one for one in inside if tag in one and one.get("CodingSchemeDesignator") not in _PRIVATE]


@pytest.mark.parametrize("options", OPTIONS)
def test_key_objects_stay_useful(options: str) -> None:
    title = item("TEXT", concept("113012", "DCM", "Key Object Description"), "right lobe QX001Z Koschkarew")
    image = Dataset()
    image.RelationshipType, image.ValueType = "CONTAINS", "IMAGE"
    image.ReferencedSOPSequence = [reference("1.2.3.4712")]
    evidence, series = Dataset(), Dataset()
    series.SeriesInstanceUID, series.ReferencedSOPSequence = "1.2.3.5", [reference("1.2.3.4712")]
    evidence.StudyInstanceUID, evidence.ReferencedSeriesSequence = "1.2.3.4", [series]
    changes = {
        "ConceptNameCodeSequence": [code("113000", "DCM", "Of Interest")],
        "CurrentRequestedProcedureEvidenceSequence": [evidence],
    }
    data = output(ENGINES[options], report(title, image, family="ko", **changes))
    assert b"Koschkarew" not in data
    found = read(data)
    assert found.ConceptNameCodeSequence[0].CodeValue == "113000"
    *texts, kept = found.ContentSequence
    assert [one.TextValue for one in texts] == (["right lobe"] if options == "descriptors" else [])
    written = kept.ReferencedSOPSequence[0].ReferencedSOPInstanceUID
    listed = found.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence[0]
    assert written == listed.ReferencedSOPInstanceUID
    image_file = dataset("ct", SOPInstanceUID="1.2.3.4712")
    assert read(output(ENGINES[options], encode(image_file))).SOPInstanceUID == written


def test_references_to_images_and_their_frames_resolve_to_what_the_images_became() -> None:
    image = item("IMAGE", concept("121112", "DCM", "Source of Measurement"), "1.2.3.4712")
    shown, state = image.ReferencedSOPSequence[0], Dataset()
    shown.ReferencedFrameNumber = [2, 3]
    state.ReferencedSOPClassUID, state.ReferencedSOPInstanceUID = _GSPS, "1.2.3.4715"
    shown.ReferencedSOPSequence = [state]
    found = next(walk_items(read(output(ENGINES["alone"], report(image))))).ReferencedSOPSequence[0]
    assert found.ReferencedFrameNumber == [2, 3]
    assert found.ReferencedSOPClassUID == "1.2.840.10008.5.1.4.1.1.2"
    assert found.ReferencedSOPSequence[0].ReferencedSOPClassUID == _GSPS
    for written, original, family in (
        (found.ReferencedSOPInstanceUID, "1.2.3.4712", "ct"),
        (found.ReferencedSOPSequence[0].ReferencedSOPInstanceUID, "1.2.3.4715", "pr-grayscale"),
    ):
        one = encode(dataset(family, SOPInstanceUID=original))
        assert read(output(ENGINES["alone"], one)).SOPInstanceUID == written


def _without_relationship(found: Dataset) -> Dataset:
    del found.RelationshipType
    return found


@pytest.mark.parametrize(
    ("family", "keywords"),
    [
        ("enhanced-mr", ("AcquisitionContextSequence",)),
        ("ecg", ("AcquisitionContextSequence",)),
        ("ct", ("AcquisitionContextSequence",)),
        (
            "wsi",
            (
                "SpecimenDescriptionSequence",
                "SpecimenPreparationSequence",
                "SpecimenPreparationStepContentItemSequence",
            ),
        ),
        ("ct", ("PerformedProtocolCodeSequence", "ProtocolContextSequence")),
    ],
)
def test_content_items_outside_reports_are_treated_alike(family: str, keywords: tuple[str, ...]) -> None:
    items = [
        _without_relationship(one)
        for one in (
            item("TEXT", concept("109054", "DCM", "Patient State"), "lobe QX001Z"),
            item("TEXT", concept("111028", "DCM"), "lobe QX002Z"),
            item("PNAME", concept("121114", "DCM", "Performing Physician"), "Koschkarew^Ada"),
            item("NUM", concept("8302-2", "LN", "Body height"), measured("1.71", "m")),
            item("CODE", concept("109060", "DCM", "x"), ("QX003Z", "99HOSP", "Koschkarew")),
        )
    ]
    source = dataset(family)
    holder = source
    for keyword in keywords[:-1]:
        if not holder.get(keyword):
            setattr(holder, keyword, [code("1", "DCM", "x")])
        holder = holder[keyword].value[0]
    setattr(holder, keywords[-1], items)
    data = output(ENGINES["alone"], encode(source))
    for word in (b"QX00", b"Koschkarew", b"99HOSP"):
        assert word not in data
    kept = read(data)
    for keyword in keywords[:-1]:
        kept = kept[keyword].value[0]
    found = kept[keywords[-1]].value
    assert [one.ValueType for one in found] == ["TEXT", "PNAME", "NUM", "CODE"]
    assert str(found[2].MeasuredValueSequence[0].NumericValue) == "1.71"
    cleaned = read(output(ENGINES["descriptors"], encode(source)))
    for keyword in keywords[:-1]:
        cleaned = cleaned[keyword].value[0]
    assert [one.TextValue for one in cleaned[keywords[-1]].value[:2]] == ["lobe", "lobe"]


def test_waveform_annotations_keep_their_place_and_lose_their_words() -> None:
    note, number = Dataset(), Dataset()
    note.UnformattedTextValue, note.ReferencedWaveformChannels = "lobe QX001Z", [1, 0]
    number.ReferencedWaveformChannels, number.NumericValue = [1, 0], "72"
    number.ConceptNameCodeSequence = [code("QX002Z", "99HOSP", "Koschkarew")]
    source = encode(dataset("ecg", WaveformAnnotationSequence=[note, number]))
    for name, text in (("alone", "ANONYMIZED"), ("descriptors", "lobe")):
        data = output(ENGINES[name], source)
        first, second = read(data).WaveformAnnotationSequence
        assert first.UnformattedTextValue == text
        assert (first.ReferencedWaveformChannels, str(second.NumericValue)) == ([1, 0], "72")
        assert second.ConceptNameCodeSequence[0].CodingSchemeDesignator == "99ANON"
        assert b"QX00" not in data


@pytest.mark.parametrize("family", PRESENTATIONS)
def test_presentation_states_keep_their_graphics_and_lose_their_words(family: str) -> None:
    state = dataset(family)
    state.ContentDescription = "lobe QX001Z"
    layer, group, compound, tick, text, line = (Dataset() for _ in range(6))
    layer.GraphicLayer, layer.GraphicLayerOrder, layer.GraphicLayerDescription = "LAYER1", 1, "lobe QX002Z"
    group.GraphicGroupID, group.GraphicGroupLabel, group.GraphicGroupDescription = 1, "QX003Z", "lobe QX004Z"
    tick.TickPosition, tick.TickLabel = 0.5, "QX005Z"
    compound.GraphicData, compound.CompoundGraphicType, compound.MajorTicksSequence = [1, 1, 2, 2], "RULER", [tick]
    text.UnformattedTextValue, text.AnchorPoint, text.AnchorPointVisibility = "lobe QX006Z 2019", [1, 1], "N"
    text.AnchorPointAnnotationUnits = "PIXEL"
    line.GraphicAnnotationUnits, line.GraphicDimensions, line.NumberOfGraphicPoints = "PIXEL", 2, 2
    line.GraphicData, line.GraphicType, line.GraphicFilled = [1.5, 1, 4, 4], "POLYLINE", "N"
    annotation = Dataset()
    annotation.GraphicLayer, annotation.TextObjectSequence, annotation.GraphicObjectSequence = "LAYER1", [text], [line]
    annotation.CompoundGraphicSequence = [compound]
    state.GraphicAnnotationSequence, state.GraphicLayerSequence = [annotation], [layer]
    state.GraphicGroupSequence = [group]
    data = output(ENGINES["alone"], encode(state))
    assert b"QX00" not in data
    found = read(data)
    shown = found.GraphicAnnotationSequence[0]
    assert shown.TextObjectSequence[0].UnformattedTextValue == "lobe"
    assert shown.GraphicObjectSequence[0].GraphicData == [1.5, 1, 4, 4]
    assert shown.CompoundGraphicSequence[0].GraphicData == [1, 1, 2, 2]
    assert shown.GraphicLayer == found.GraphicLayerSequence[0].GraphicLayer == "LAYER1"
    assert (found.ContentDescription, found.GraphicLayerSequence[0].GraphicLayerDescription) == ("lobe", "lobe")


def test_a_text_object_that_nothing_is_left_of_says_so() -> None:
    source = dataset("pr-grayscale")
    source.GraphicAnnotationSequence[0].TextObjectSequence[0].UnformattedTextValue = "Koschkarew"
    found = read(output(ENGINES["alone"], encode(source)))
    assert found.GraphicAnnotationSequence[0].TextObjectSequence[0].UnformattedTextValue == "ANONYMIZED"


def test_overlays_and_curves_go_with_the_option_too() -> None:
    source = dataset("ct")
    for tag, vr, value in ((0x60000010, "US", 8), (0x60003000, "OW", bytes(8)), (0x50003000, "OW", bytes(8))):
        source.add_new(tag, vr, value)
    found = read(output(ENGINES["alone"], encode(source)))
    assert not [element.tag for element in found if element.tag.group in (0x5000, 0x6000)]


@pytest.mark.parametrize(("family", "code"), [("sr-basic", "113104"), ("pr-grayscale", "113103")])
def test_the_codes_of_the_options_are_declared_where_there_is_something_for_them(family: str, code: str) -> None:
    found = read(output(ENGINES["descriptors"], build(family)))
    declared = [one.CodeValue for one in found.DeidentificationMethodCodeSequence]
    assert declared == ["113100", code, "113105"]


def test_without_the_option_nothing_of_a_tree_is_left() -> None:
    try:
        data = output(fresh("basic"), report(item("NUM", concept("410668003", "SCT"), measured("777.5"))))
    except Refusal as refusal:
        raise AssertionError("a report is released without the option") from refusal
    assert b"777.5" not in data
