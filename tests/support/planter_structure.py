"""Places in the structure of a file: preamble, file meta, group lengths, odd orders, wrong VRs, and what follows."""

from __future__ import annotations

import struct

from support.elements import Element, find, put
from support.planter_context import Context, NotHere, make, place


@place("preamble", "the 128 bytes before DICM")
def _preamble(context: Context) -> None:
    if context.file.preamble is None:
        raise NotHere("no preamble")
    text = context.hide(context.token("preamble"), "text", "preamble")
    known = context.hide(context.person.family, "name", "preamble/known")
    context.file.preamble = f"{text} {known}".encode().ljust(128, b"\0")


def _meta(context: Context) -> list[Element]:
    if context.file.meta is None:
        raise NotHere("no file meta")
    return context.file.meta


@place("meta.ae", "source, sending and receiving AE titles of the file meta")
def _meta_ae(context: Context) -> None:
    for tag in (0x00020016, 0x00020017, 0x00020018):
        put(_meta(context), make(tag, context.canary("AE", "", f"meta.ae/{tag:08X}")))


@place("meta.address", "presentation addresses of the file meta")
def _meta_address(context: Context) -> None:
    for tag in (0x00020026, 0x00020027, 0x00020028):
        put(_meta(context), make(tag, context.canary("UR", "", f"meta.address/{tag:08X}")))


@place("meta.implementation", "the implementation version name of the file meta")
def _meta_implementation(context: Context) -> None:
    put(_meta(context), make(0x00020013, context.canary("SH", "", "meta.implementation")))


@place("meta.private", "private information of the file meta, with its creator UID")
def _meta_private(context: Context) -> None:
    put(_meta(context), make(0x00020100, context.canary("UI", "", "meta.private/creator")))
    put(_meta(context), make(0x00020102, context.canary("OB", "", "meta.private/information"), "OB"))


@place("group_length", "group lengths that are no numbers but text")
def _group_length(context: Context) -> None:
    for group in (0x0010, 0x0018):
        text = context.canary("LO", "", f"group_length/{group:04X}")
        context.put(make(group << 16, text, "UL" if not context.file.wire.explicit else "LO"))


@place("group_length.nested", "the same in an item")
def _group_length_nested(context: Context) -> None:
    text = context.canary("LO", "", "group_length.nested")
    context.nest(
        [make(0x00080000, text, "LO"), make(0x00080080, context.canary("LO", "", "group_length.nested/next"))], 2
    )


# pydicom takes them for a command set in implicit VR and loses its way.
@place("group0000", "command elements in a data set", refusable=True)
def _group_0000(context: Context) -> None:
    context.put(make(0x00000002, context.canary("UI", "", "group0000/00000002"), "UI"))
    context.put(make(0x00001000, context.canary("UI", "", "group0000/00001000"), "UI"))


@place("group0004", "directory elements outside a DICOMDIR")
def _group_0004(context: Context) -> None:
    if find(context.elements, 0x00041220) is not None:
        raise NotHere("a DICOMDIR")
    context.put(make(0x00041130, context.canary("CS", "", "group0004/FileSetID"), "CS"))
    context.put(make(0x00041500, context.canary("CS", "", "group0004/ReferencedFileID"), "CS"))
    context.put(make(0x00041511, context.canary("UI", "", "group0004/ReferencedSOPInstanceUIDInFile"), "UI"))


@place("duplicate", "a second Patient's Name and Institution Name behind the first", refusable=True)
def _duplicate(context: Context) -> None:
    for tag, vr in ((0x00100010, "PN"), (0x00080080, "LO")):
        first = find(context.elements, tag)
        assert first is not None
        again = make(tag, context.canary(vr, "", f"duplicate/{tag:08X}"))
        context.elements.insert(context.elements.index(first) + 1, again)


@place("disorder", "identifying elements after Pixel Data or at the end, out of ascending order", refusable=True)
def _disorder(context: Context) -> None:
    context.elements.append(make(0x00100032, context.canary("TM", "", "disorder/00100032")))
    context.elements.append(make(0x00101060, context.canary("PN", "", "disorder/00101060")))


# --- wrong or unusual VRs and values ------------------------------------------------------------------------


def _explicit(context: Context) -> None:
    if not context.file.wire.explicit:
        raise NotHere("implicit VR has no wire VR")


@place("vr.wrong", "listed elements under a VR that is not theirs, among kept neighbours")
def _vr_wrong(context: Context) -> None:
    _explicit(context)
    mismatches = [(0x00080080, "PN"), (0x00081050, "LO"), (0x00080022, "LO"), (0x00081030, "UT"), (0x00081070, "OB")]
    elements = [make(tag, context.canary("LO", "", f"vr.wrong/{tag:08X}"), vr) for tag, vr in mismatches]
    context.nest(sorted(elements, key=lambda e: e.tag), 2)


@place("vr.un", "Performing Physician's Name and Institution Address as UN")
def _vr_un(context: Context) -> None:
    _explicit(context)
    elements = [
        make(0x00080081, context.canary("ST", "", "vr.un/00080081"), "UN"),
        make(0x00081050, context.canary("PN", "", "vr.un/00081050"), "UN"),
    ]
    context.nest(elements, 2)


@place("vr.un_unlisted", "an unlisted standard text and an unknown standard element as UN, with the patient's name")
def _vr_un_unlisted(context: Context) -> None:
    _explicit(context)
    name = context.hide(context.person.family, "name", "vr.un_unlisted")
    context.nest([make(0x00080070, f"Made for {name}", "UN"), make(0x0008FFF0, f"Made for {name}", "UN")], 2)


def _no_big_endian(context: Context) -> None:
    # Inside UN everything is little endian (PS3.5 6.2.2); pydicom does not read that in a big-endian file.
    if not context.file.wire.little:
        raise NotHere("big endian")


@place("un.sequence", "a listed and a kept sequence as UN of undefined length, implicit VR inside")
def _un_sequence(context: Context) -> None:
    _explicit(context)
    _no_big_endian(context)
    for tag in (0x00082228, 0x00081084):
        where = f"un.sequence/{tag:08X}"
        item = [
            make(0x00080080, context.canary("LO", "", f"{where}>InstitutionName")),
            make(0x00081155, context.canary("UI", "", f"{where}>ReferencedSOPInstanceUID")),
            make(0x00100010, context.canary("PN", "", f"{where}>PatientName")),
        ]
        context.add_item(tag, item, undefined=True, vr="UN")


@place("un.sequence_defined", "a kept sequence as UN of defined length, implicit VR inside")
def _un_sequence_defined(context: Context) -> None:
    _explicit(context)
    _no_big_endian(context)
    text = context.canary("PN", "", "un.sequence_defined").encode()
    text += b" " * (len(text) % 2)
    inner = struct.pack("<HHI", 0x0010, 0x0010, len(text)) + text
    value = struct.pack("<HHI", 0xFFFE, 0xE000, len(inner)) + inner
    context.nest([Element(0x00082229, "UN", value)])


@place("text.long", "listed text far over the length that its VR allows")
def _text_long(context: Context) -> None:
    text = context.canary("LO", "", "text.long/00081040")
    name = context.canary("PN", "", "text.long/00081048")
    context.nest([make(0x00081040, "x" * 300 + text), make(0x00081048, "x" * 90 + " " + name)], 2)


@place("text.huge", "listed text of more than 65534 bytes, so UN on the wire where VRs are explicit")
def _text_huge(context: Context) -> None:
    text = context.canary("LT", "", "text.huge/00104000")
    context.nest([make(0x00104000, "word " * 14000 + text)])


@place("text.nul", "listed text with NULs inside, the patient's name in unlisted text behind a NUL")
def _text_nul(context: Context) -> None:
    text = context.canary("LO", "", "text.nul/00080081")
    known = context.hide(context.person.family, "name", "text.nul/known")
    context.nest([make(0x00080081, f"a\0\0{text}\0\0"), make(0x00080070, f"Vendor\0\0{known}\0\0")], 2)


# --- the end of the file ------------------------------------------------------------------------------------


@place("tail.elements", "a public and an unknown element after Pixel Data, and a digital signature")
def _tail_elements(context: Context) -> None:
    context.put(make(0x7FF00010, context.canary("LO", "", "tail.elements/7FF00010"), "LO"))
    signature = [
        make(0x04000110, context.canary("CS", "", "tail.elements/CertificateType"), "CS"),
        make(0x04000115, context.canary("OB", "", "tail.elements/CertificateOfSigner"), "OB"),
        make(0x04000120, context.canary("OB", "", "tail.elements/Signature"), "OB"),
    ]
    context.add_item(0xFFFAFFFA, signature)


@place("tail.padding", "Data Set Trailing Padding that is not padding")
def _tail_padding(context: Context) -> None:
    context.put(make(0xFFFCFFFC, context.canary("OB", "", "tail.padding"), "OB"))


@place("tail.bytes", "bytes after the data set that are no element", refusable=True)
def _tail_bytes(context: Context) -> None:
    text = context.hide(context.token("tail.bytes"), "text", "tail.bytes")
    known = context.hide(context.person.mrn, "id", "tail.bytes/known")
    context.file.tail += f"\0\0\0\0\0\0\0\0{text} {known}".encode()
