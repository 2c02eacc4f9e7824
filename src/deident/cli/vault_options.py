"""Commands and options of `deident vault` and `deident reidentify`; nothing heavy is imported here."""

from __future__ import annotations

import argparse
from typing import Final

__all__ = ["add_reidentify", "add_vault"]

_EPILOG: Final = "exit codes: 0 done, 1 a problem with the vault or something not found, 2 wrong usage or key"

_ACTIONS: Final = (
    ("init", "make a vault, and seal the project key in it", "Make a vault, or finish making one."),
    ("status", "count writers and segments, and name the keys", "Count and name keys; no segment is opened."),
    ("verify", "open everything and check that nothing is missing", "Open every segment, in the order of its chain."),
    ("reseal", "bring everything under the first key that is named", "Name the new key first, the old ones after it."),
    ("compact", "bring many segments into few", "Bring many segments into few, each entry once."),
    ("export", "write the whole map as CSV (mode 0600)", "Write originals and pseudonyms as CSV; recorded."),
    ("import", "seal a site's own map (CSV: original id, pseudonym)", "Seal a site's own map; all of it or nothing."),
)


def add_vault(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`deident vault ACTION`: the sealed map, for its keeper."""
    parser = commands.add_parser(
        "vault",
        help="make, check, move and export the sealed map of pseudonyms",
        description="The sealed map of pseudonyms and originals, for re-identification by who holds its key.",
        epilog=_EPILOG,
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="actions", required=True)
    for name, help_text, description in _ACTIONS:
        action = actions.add_parser(name, help=help_text, description=description, epilog=_EPILOG, allow_abbrev=False)
        _add_place(action)
        if name == "init":
            action.add_argument("--project", default="", metavar="NAME", help="name for key policies (default: random)")
            action.add_argument(
                "--remove-key-file",
                action="store_true",
                help="remove the plain key file of the home once its key is sealed: runs then take it from the vault",
            )
        elif name == "export":
            action.add_argument("-o", "--output", required=True, metavar="FILE", help="a file that does not exist yet")
        elif name == "import":
            action.add_argument("file", metavar="FILE", help="CSV with two columns, an export, or a patient list")


def add_reidentify(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`deident reidentify VALUE...`."""
    parser = commands.add_parser(
        "reidentify",
        help="find the originals of pseudonyms, UIDs or output files; each use is recorded",
        description="Print pseudonym, domain and original, one line each. Each use is recorded in the vault.",
        epilog=_EPILOG,
        allow_abbrev=False,
    )
    parser.add_argument(
        "values", nargs="+", metavar="VALUE", help="a pseudonym, a UID, or an output: a file or s3://bucket/key"
    )
    _add_place(parser)


def _add_place(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--home", metavar="DIR", help="project home (default: $DEIDENT_HOME or ~/.local/share/deident/default)")
    add("--vault", metavar="PLACE", help="where the vault lies (default: the folder vault of the home)")
    add(
        "--key-file",
        dest="keys",
        action="append",
        type=_key_file,
        metavar="FILE",
        help="local key; repeatable, the first key seals and all of them open (default: $DEIDENT_VAULT_KMS_KEY, "
        "$DEIDENT_VAULT_KEY, or the file vault-key of the home)",
    )
    add("--kms-key", dest="keys", action="append", type=_kms_key, metavar="KEY", help="KMS key: ARN, id or alias")


def _key_file(text: str) -> tuple[str, str]:
    return "file", text


def _kms_key(text: str) -> tuple[str, str]:
    return "kms", text
