"""Pages for manual QA: what is on them, in which order, and who may see them."""

from __future__ import annotations

import base64
import io
import re
import shutil
import stat
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.data import get_testdata_file

from deident.qa.thumbnails import SIDE, thumbnail
from deident.stores.files import open_file
from support.studies import NAME, PATIENT_ID, tree, whole_run, write_instance, write_study


def pages(tmp_path: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (tmp_path / "home" / "qa").rglob("*.html")}


def pictures(page: str) -> list[Image.Image]:
    found = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    return [Image.open(io.BytesIO(base64.b64decode(png))) for png in found]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Five frames in a quiet series, two in one at risk, an object without pixels."""
    source = tmp_path / "source" / NAME
    write_study(source, "1.2.3", 5)
    for number in (6, 7):
        write_instance(
            source / f"risky-{number}", "1.2.3", number, BurnedInAnnotation="YES", SeriesInstanceUID="1.2.3.0"
        )
    shutil.copy(get_testdata_file("rtplan.dcm"), source)
    return source


@pytest.mark.usefixtures("source")
def test_nobody_gets_pages_who_did_not_ask(tmp_path: Path) -> None:
    whole_run(tmp_path, pixel_risk="accept")
    assert pages(tmp_path) == {}


@pytest.mark.usefixtures("source")
def test_a_page_shows_first_middle_and_last_frame_of_every_series_those_at_risk_first(tmp_path: Path) -> None:
    report, _ = whole_run(tmp_path, pixel_risk="accept", qa_pages=True)
    found = pages(tmp_path)
    assert set(found) == {"index.html", *(f"{study.study}.html" for study in report.studies)}
    (page,) = [text for text in found.values() if 'data-series="2"' in text]
    assert len(pictures(page)) == 2 + 3
    assert re.findall(r'alt="(frame [0-9]+ of [0-9]+)"', page) == [
        *("frame 1 of 2", "frame 2 of 2"),
        *("frame 1 of 5", "frame 3 of 5", "frame 5 of 5"),
    ]
    assert page.index("(0028,0301) is YES") < page.index("Nothing says that these images show text.")
    (plan,) = [text for text in found.values() if "1 object without pictures" in text]
    assert pictures(plan) == []


@pytest.mark.usefixtures("source")
def test_the_index_begins_with_studies_at_risk(tmp_path: Path) -> None:
    whole_run(tmp_path, pixel_risk="accept", qa_pages=True)
    found = pages(tmp_path)
    (risky,) = [name for name, text in found.items() if 'data-risky="1"' in text]
    assert re.findall(r'href="([^"]+)"', found["index.html"])[0] == risky


@pytest.mark.usefixtures("source")
def test_pages_are_private_hold_no_identifier_and_never_reach_the_destination(tmp_path: Path) -> None:
    whole_run(tmp_path, pixel_risk="accept", qa_pages=True)
    assert not [name for name, data in tree(tmp_path / "destination").items() if b"data:image" in data]
    for path in (tmp_path / "home" / "qa").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    for text in pages(tmp_path).values():
        for secret in (*NAME.split("^"), PATIENT_ID, "1.2.3", str(tmp_path)):
            assert secret not in text
        assert "img-src data:" in text or "<img" not in text
        assert not re.search(r"https?:|url\(|<script| on[a-z]+=", text)


@pytest.mark.usefixtures("source")
def test_a_study_that_is_held_has_no_page(tmp_path: Path) -> None:
    write_study(tmp_path / "source", "1.2.9", 1, BurnedInAnnotation="YES")
    report, _ = whole_run(tmp_path, qa_pages=True)
    held = [study.study for study in report.studies if study.outcome == "quarantined"]
    assert held
    assert not [name for name in pages(tmp_path) if name.removesuffix(".html") in held]


@pytest.mark.parametrize(
    ("name", "frame"),
    [
        ("CT_small.dcm", 0),
        ("emri_small.dcm", 9),
        ("examples_palette.dcm", 0),
        ("SC_rgb.dcm", 0),
        ("SC_rgb_jpeg_gdcm.dcm", 0),
        ("JPEG2000.dcm", 0),
        ("MR_small_RLE.dcm", 0),
        ("rtdose.dcm", 14),
    ],
)
def test_frames_of_all_kinds_are_shown(name: str, frame: int) -> None:
    with open_file(get_testdata_file(name)) as opened:
        made = thumbnail(opened, frame)
    assert made.problem == ""
    image = Image.open(io.BytesIO(base64.b64decode(made.png)))
    assert max(image.size) <= SIDE
    values = np.asarray(image)
    assert values.max() > values.min(), "more than one shade"


def test_monochrome1_is_shown_inverted(tmp_path: Path) -> None:
    shown = []
    for photometric in ("MONOCHROME1", "MONOCHROME2"):
        path = write_instance(tmp_path / photometric, "1.2.3", 1, PhotometricInterpretation=photometric)
        with open_file(str(path)) as opened:
            shown.append(np.asarray(Image.open(io.BytesIO(base64.b64decode(thumbnail(opened, 0).png)))).astype(int))
    assert (shown[0] + shown[1] == 255).all()


def test_what_cannot_be_decoded_is_named_without_a_value(tmp_path: Path) -> None:
    path = write_instance(tmp_path / "a", "1.2.3", 1, Rows=9999, PatientName=NAME)
    with open_file(str(path)) as opened:
        made = thumbnail(opened, 0)
    assert made.png == ""
    assert made.problem.startswith("cannot be shown: ")
    assert "Planted" not in made.problem


def test_without_pillow_the_page_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with open_file(get_testdata_file("CT_small.dcm")) as opened:
        made = thumbnail(opened, 0)
    assert made.problem == "cannot be shown: PIL is not installed (deident[codecs])"
