"""The parts of generated data sets that are no tables: content trees, annotations, waveforms, documents."""

from __future__ import annotations

from typing import Any

from pydicom import Dataset

__all__ = ["code", "content_item", "content_tree", "graphic_annotation", "pdf", "waveform"]

_CT_CLASS, _CT_INSTANCE = "1.2.840.10008.5.1.4.1.1.2", "1.2.826.0.1.3680043.8.498.77"


def code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def content_item(relationship: str, value_type: str, concept: tuple[str, str, str], **values: Any) -> Dataset:
    """A content item of an SR tree; keyword arguments set its value."""
    item = Dataset()
    item.RelationshipType, item.ValueType = relationship, value_type
    item.ConceptNameCodeSequence = [code(*concept)]
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def _reference() -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = _CT_CLASS, _CT_INSTANCE
    return item


def content_tree(target: Dataset) -> None:
    """A report: observer, patient, finding with a measurement, dates, an image reference, and the evidence for it."""
    units = code("mm", "UCUM", "mm")
    measured = Dataset()
    measured.NumericValue, measured.MeasurementUnitsCodeSequence = "12", [units]
    finding = content_item("CONTAINS", "TEXT", ("121071", "DCM", "Finding"), TextValue="Nodule in the right lobe")
    number = content_item("CONTAINS", "NUM", ("410668003", "SCT", "Length"), MeasuredValueSequence=[measured])
    observer = content_item(
        "HAS OBS CONTEXT", "PNAME", ("121008", "DCM", "Person Observer Name"), PersonName="Welby^Marcus"
    )
    subject = content_item("HAS OBS CONTEXT", "PNAME", ("121029", "DCM", "Subject Name"), PersonName="Doe^Jane")
    when = content_item("CONTAINS", "DATETIME", ("121135", "DCM", "Observation DateTime"), DateTime="20200214102000")
    seen = content_item(
        "CONTAINS", "UIDREF", ("121018", "DCM", "Procedure Study Instance UID"), UID="1.2.826.0.1.3680043.8.498.5"
    )
    image = content_item(
        "CONTAINS", "IMAGE", ("121080", "DCM", "Best illustration"), ReferencedSOPSequence=[_reference()]
    )
    target.ValueType, target.ContinuityOfContent = "CONTAINER", "SEPARATE"
    target.ConceptNameCodeSequence = [code("126000", "DCM", "Imaging Measurement Report")]
    target.ContentSequence = [observer, subject, finding, number, when, seen, image]
    series, study = Dataset(), Dataset()
    series.SeriesInstanceUID, series.ReferencedSOPSequence = "1.2.826.0.1.3680043.8.498.6", [_reference()]
    study.StudyInstanceUID, study.ReferencedSeriesSequence = target.StudyInstanceUID, [series]
    target.CurrentRequestedProcedureEvidenceSequence = [study]


def graphic_annotation(target: Dataset) -> None:
    """A text and a line on a layer of a presentation state, with the image they belong to."""
    series, layer, text, line, annotation = (Dataset() for _ in range(5))
    series.SeriesInstanceUID, series.ReferencedImageSequence = "1.2.826.0.1.3680043.8.498.6", [_reference()]
    target.ReferencedSeriesSequence = [series]
    layer.GraphicLayer, layer.GraphicLayerOrder = "LAYER1", 1
    target.GraphicLayerSequence = [layer]
    text.BoundingBoxAnnotationUnits, text.AnchorPointAnnotationUnits = "PIXEL", "PIXEL"
    text.UnformattedTextValue, text.AnchorPoint, text.AnchorPointVisibility = "Compare with Jane Doe 2019", [1, 1], "N"
    line.GraphicAnnotationUnits, line.GraphicDimensions, line.NumberOfGraphicPoints = "PIXEL", 2, 2
    line.GraphicData, line.GraphicType, line.GraphicFilled = [1, 1, 4, 4], "POLYLINE", "N"
    annotation.GraphicLayer, annotation.TextObjectSequence, annotation.GraphicObjectSequence = "LAYER1", [text], [line]
    target.GraphicAnnotationSequence = [annotation]
    target.ContentLabel, target.PresentationCreationDate, target.PresentationCreationTime = (
        "SAMPLE",
        "20200214",
        "103000",
    )


def waveform(target: Dataset) -> None:
    """One multiplex group with one channel of eight samples."""
    channel, group = Dataset(), Dataset()
    channel.ChannelSourceSequence = [code("5.6.3-9-1", "SCPECG", "Lead I")]
    channel.WaveformBitsStored, channel.ChannelSensitivity, channel.ChannelBaseline = 16, "1", "0"
    channel.ChannelSensitivityUnitsSequence, channel.ChannelSensitivityCorrectionFactor = (
        [code("uV", "UCUM", "uV")],
        "1",
    )
    channel.ChannelTimeSkew = "0"
    group.WaveformOriginality, group.NumberOfWaveformChannels, group.NumberOfWaveformSamples = "ORIGINAL", 1, 8
    group.SamplingFrequency, group.ChannelDefinitionSequence = "500", [channel]
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = 16, "SS"
    group.add_new(0x54001010, "OW", bytes(16))
    target.WaveformSequence = [group]
    target.AcquisitionDateTime = "20200214101500"


def pdf(target: Dataset) -> None:
    """The smallest thing that calls itself a document, with a name in it."""
    body = b"%PDF-1.4\n% Report on Jane Doe\n%%EOF\n"
    target.EncapsulatedDocument = body + b"\0" * (len(body) % 2)
    target.EncapsulatedDocumentLength = len(body)
    target.DocumentTitle = "Report on Jane Doe"
