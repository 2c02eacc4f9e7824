"""Write the secrets of infra/compose.yaml, new ones, into a folder of their own; one that exists is left alone.

Run as `python3 tools/make_secrets.py infra/secrets`. Needs nothing but Python.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

IDENTITIES = Path(__file__).resolve().parent.parent / "infra" / "seaweedfs-identities.json"
#: A process with one set of credentials that stages and releases has the rights of both roles; see docs/roles.md.
PIPELINE = ("reader", "worker", "releaser")


def main(folder: Path) -> None:
    """Six files. The folder is its owner's alone; the files can be read by all, as containers run under other numbers."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    redis = secrets.token_hex(32)
    actions = {i["name"]: i["actions"] for i in json.loads(IDENTITIES.read_text(encoding="utf-8"))["identities"]}
    actions["pipeline"] = sorted({action for role in PIPELINE for action in actions[role]})
    actions["admin"] = ["Admin"]
    keys = {role: (f"{role}-{secrets.token_hex(4)}", secrets.token_hex(24)) for role in actions}
    contents: dict[str, Callable[[], str]] = {
        "postgres_password": lambda: secrets.token_hex(32),
        "redis_password": lambda: redis,
        "redis.conf": lambda: f"requirepass {redis}\n",
        "prefect_auth": lambda: f"deident:{secrets.token_hex(24)}",
        "s3.json": lambda: (
            json.dumps({"identities": [identity(r, actions[r], *keys[r]) for r in actions]}, indent=1) + "\n"
        ),
        "aws_credentials": lambda: "".join(
            f"[{role}]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
            for role, (key, secret) in keys.items()
        ),
    }
    existing = [name for name in contents if (folder / name).exists()]
    if existing:
        sys.exit(f"{folder} holds secrets already; a new set would lock the old data out")
    for name, content in contents.items():
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content())


def identity(role: str, actions: list[str], key: str, secret: str) -> dict[str, object]:
    """One identity of SeaweedFS."""
    return {"name": role, "credentials": [{"accessKey": key, "secretKey": secret}], "actions": actions}


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
