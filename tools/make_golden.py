"""Write tests/golden: the outputs of every kind of object, element by element. Review the difference before committing it.

Run as `PYTHONPATH=tests .venv/bin/python tools/make_golden.py`.
"""

from __future__ import annotations

from pathlib import Path

from support.builders import FAMILIES
from support.golden import golden

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden"


def main() -> None:
    """One file for each family."""
    for family in FAMILIES:
        (GOLDEN / f"{family}.txt").write_text(golden(family), "utf-8")


if __name__ == "__main__":
    main()
