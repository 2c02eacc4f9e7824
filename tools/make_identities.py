"""Write infra/seaweedfs-identities.json from the table in docs/roles.md.

Run as `PYTHONPATH=tests .venv/bin/python tools/make_identities.py`.
"""

from __future__ import annotations

import json

from infratools.identities import DOCUMENT, identities
from infratools.roles import DOCUMENT as TABLE
from infratools.roles import read_rows


def main() -> None:
    """The whole file."""
    rows = read_rows(TABLE.read_text(encoding="utf-8"))
    DOCUMENT.write_text(json.dumps(identities(rows), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
