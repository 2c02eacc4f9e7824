"""Make src/deident/standard/data/charsets.json: DICOM character sets and escape sequences -> Python codecs.

python tools/make_charsets.py
"""

from __future__ import annotations

import json
from pathlib import Path

import pydicom
from pydicom import charset

DATA = Path(__file__).resolve().parent.parent / "src" / "deident" / "standard" / "data"


def table() -> dict[str, dict[str, str]]:
    """The two tables of the document, as pydicom has them."""
    return {
        "terms": {name: codec for name, codec in charset.python_encoding.items() if name},
        "escapes": {code.hex(): codec for code, codec in charset.CODES_TO_ENCODINGS.items()},
    }


def main() -> None:
    document = {
        "schema": "charsets/1",
        "standard": "DICOM PS3.3 C.12.1.1.2, PS3.5 6.1.2.5",
        "edition": f"as shipped in pydicom {pydicom.__version__}",
        "source": "facts (defined terms, escape sequences) of the DICOM Standard, (c) NEMA; codecs are Python's",
        "command": "python tools/make_charsets.py",
        "encoding": "terms: Specific Character Set -> codec; escapes: escape sequence in hex -> codec",
        **table(),
    }
    (DATA / "charsets.json").write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
