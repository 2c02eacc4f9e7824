"""Random content trees for hypothesis: every value type, listed and unlisted concepts, private codes, strays, any depth."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st
from pydicom import Dataset

from deident.standard import content_items
from support.iod_content import code
from support.reports import item, measured

__all__ = ["NUMBERS", "SECRETS", "trees"]

#: Values that no output may hold, whatever is around them.
SECRETS: Final = {
    "TEXT": "Koschkarew QX001Z",
    "PNAME": "Koschkarew^Zeppeline",
    "DATE": "19470611",
    "DATETIME": "19470611081500",
    "UIDREF": "1.2.826.0.1.471147114711",
    "IMAGE": "1.2.826.0.1.471147114712",
    "COMPOSITE": "1.2.826.0.1.471147114713",
    "WAVEFORM": "1.2.826.0.1.471147114714",
}
NUMBERS: Final = ("12.5", "0", "-3.25E2", "777")
_CODES: Final = (("248152002", "SCT", "Female"), ("R-0038B", "SRT", "Left"), ("QX001Z", "99HOSP", "Koschkarew"))
_UNLISTED: Final = (
    ("111028", "DCM", "Image Library"),
    ("QX001Z", "99HOSP", "Koschkarew"),
    ("8302-2", "LN", "Koschkarew"),
)


def _concepts() -> st.SearchStrategy[tuple[str, str, str]]:
    listed = sorted({(row.code, row.scheme, row.meaning) for row in content_items.rows()})
    return st.sampled_from([*listed, *_UNLISTED])


def _value(kind: str) -> st.SearchStrategy[Any]:
    if kind == "NUM":
        return st.sampled_from(NUMBERS).map(measured)
    if kind == "CODE":
        return st.sampled_from(_CODES)
    return st.just(SECRETS.get(kind, "101112"))


@st.composite
def _item(draw: st.DrawFn, children: st.SearchStrategy[list[Dataset]]) -> Dataset:
    if draw(st.integers(0, 19)) == 0:
        pointer = Dataset()
        pointer.RelationshipType, pointer.ReferencedContentItemIdentifier = "INFERRED FROM", [1, 1]
        return pointer
    kind = draw(st.sampled_from([*SECRETS, "NUM", "CODE", "TIME", "CONTAINER"]))
    found = item(kind, draw(_concepts()), draw(_value(kind)), *draw(children))
    match draw(st.integers(0, 9)):
        case 0:
            found.PersonName = SECRETS["PNAME"]
        case 1:
            found.TextValue = SECRETS["TEXT"]
        case 2:
            found.ValueType = draw(st.sampled_from(["TEXT", "PNAME", "NUM", "CONTAINER", "TABLE"]))
        case 3:
            found.ConceptNameCodeSequence = []
        case 4:
            found.ConceptNameCodeSequence = [code(*draw(_concepts())), code(*draw(_concepts()))]
        case 5:
            del found.ConceptNameCodeSequence
    return found


def trees() -> st.SearchStrategy[list[Dataset]]:
    """Items below the root of a document."""
    leaves = st.lists(_item(st.just([])), max_size=3)
    return st.recursive(leaves, lambda below: st.lists(_item(below), min_size=1, max_size=4), max_leaves=12)
