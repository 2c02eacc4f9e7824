"""Write tests/golden: the outputs of every kind of object, element by element. Review the difference before committing it.

Run as `PYTHONPATH=tests .venv/bin/python tools/make_golden.py`.
"""

from __future__ import annotations

from pathlib import Path

from support.builders import FAMILIES
from support.golden import OPTIONED, golden, golden_of_each_option, golden_of_options

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden"


def main() -> None:
    """Two files for each family, and one for each set of options and family that matters to it."""
    (GOLDEN / "options").mkdir(exist_ok=True)
    for family in FAMILIES:
        (GOLDEN / f"{family}.txt").write_text(golden(family), "utf-8")
        (GOLDEN / "options" / f"{family}.txt").write_text(golden_of_each_option(family), "utf-8")
    for name, (_changes, families) in OPTIONED.items():
        (GOLDEN / name).mkdir(exist_ok=True)
        for family in families:
            (GOLDEN / name / f"{family}.txt").write_text(golden_of_options(name, family), "utf-8")


if __name__ == "__main__":
    main()
