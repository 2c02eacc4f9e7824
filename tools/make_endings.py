"""Write tests/data/endings.json: how every file of the corpora ends. Review the difference before committing it.

Run as `PYTHONPATH=tests .venv/bin/python tools/make_endings.py`.
"""

from __future__ import annotations

import json
from pathlib import Path

from support.corpus import corpus
from support.outputs import deidentifier, ending

ENDINGS = Path(__file__).resolve().parent.parent / "tests" / "data" / "endings.json"


def main() -> None:
    """One line for each file, with its ending under both settings of pixel risk."""
    endings = {
        file.id: {risk: ending(deidentifier("research", risk), file.read()) for risk in ("hold", "accept")}
        for file in corpus()
    }
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(entry)}" for name, entry in endings.items())
    ENDINGS.write_text(f"{{\n{lines}\n}}\n", "utf-8")


if __name__ == "__main__":
    main()
