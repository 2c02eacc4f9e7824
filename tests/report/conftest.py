"""Where the reports of these tests come from: a run over a small source with all three endings."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.studies import NAME, PATIENT_ID, write_instance, write_study


@pytest.fixture
def source(tmp_path: Path) -> Path:
    source = tmp_path / "source"
    write_study(source / NAME, "1.2.3", 2)
    write_instance(source / "risky", "1.2.3", 3, BurnedInAnnotation="YES")
    write_instance(source / "all-risky", "1.2.4", 1, BurnedInAnnotation="YES", Modality="US")
    (source / f"{PATIENT_ID}.txt").write_text("A text that is long enough to be looked at. " * 10)
    return source
