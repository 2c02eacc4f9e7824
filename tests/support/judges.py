"""Two judges that know nothing of deident: dciodvfy (dicom3tools) and dsrdump (dcmtk)."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path

from support.verdicts import complaints

__all__ = ["dciodvfy", "dsrdump", "new_complaints"]

dciodvfy, dsrdump = "dciodvfy", "dsrdump"


def new_complaints(tool: str, source: bytes, result: bytes) -> Counter[str]:
    """The errors of the result that the source did not have; none where the tool is not installed (.ci/run installs both)."""
    if shutil.which(tool) is None:
        return Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return complaints([tool], result, folder) - complaints([tool], source, folder)
