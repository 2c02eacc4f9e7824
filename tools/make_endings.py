"""Write tests/data/endings.json: how every file of the corpora ends. Review the difference before committing it.

Run as `.venv/bin/python tools/make_endings.py`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent / "tests"


def main() -> None:
    sys.path.insert(0, str(TESTS))
    from support.corpus import corpus
    from support.outputs import deidentifier, ending

    endings = {
        file.id: {risk: ending(deidentifier("research", risk), file.read()) for risk in ("hold", "accept")}
        for file in corpus()
    }
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(entry)}" for name, entry in endings.items())
    (TESTS / "data" / "endings.json").write_text(f"{{\n{lines}\n}}\n", "utf-8")


if __name__ == "__main__":
    main()
