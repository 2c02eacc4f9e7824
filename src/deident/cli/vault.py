"""`deident vault` and `deident reidentify`: options to an opened vault, what it says to lines and an exit code."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

from deident.cli.exits import EXIT_HELD, EXIT_OK
from deident.engine.headers import read_header
from deident.errors import AlreadyExists, NotFound, UsageProblem
from deident.home import ProjectHome, default_home
from deident.pseudonyms import ProjectKey
from deident.roots import Roots
from deident.stores.places import is_s3, open_object
from deident.vault import (
    Rewritten,
    Vault,
    VaultWriter,
    compact,
    export,
    home_store,
    import_map,
    keys_at_hand,
    open_place,
    reidentify,
    require,
    reseal,
    status,
    verify,
)

__all__ = ["reidentify_command", "vault_command"]


def vault_command(options: argparse.Namespace) -> int:
    """Carry out one action of `deident vault`."""
    actions: dict[str, Callable[[Vault], int]] = {
        "status": _status,
        "verify": _verify,
        "reseal": lambda vault: _rewritten(reseal(vault)),
        "compact": lambda vault: _rewritten(compact(vault)),
        "export": lambda vault: _export(vault, options.output),
        "import": lambda vault: _import(vault, options.file),
    }
    if options.action == "init":
        return _init(options)
    return actions[options.action](_open(options))


def _home(options: argparse.Namespace) -> ProjectHome:
    """The home that is named, as it is: only `init` makes one."""
    return ProjectHome(Path(options.home).expanduser() if options.home else default_home())


def _open(options: argparse.Namespace) -> Vault:
    home = _home(options)
    store = open_place(options.vault) if options.vault else home_store(home)
    require(store)  # before a key is asked for that nobody has made
    return Vault.open(store, keys_at_hand(home, options.keys or ()))


def _init(options: argparse.Namespace) -> int:
    home = ProjectHome.open(options.home)
    store = open_place(options.vault) if options.vault else home_store(home)
    keys = keys_at_hand(home, options.keys or (), create=True)
    secret = ProjectKey.load(home.key) if os.path.lexists(home.key) else None
    vault = Vault.create(store, keys, secret=secret, project=options.project)
    store.sync()
    print(f"The vault {vault.id} of the project {vault.project} holds the project key, sealed with {keys.sealing.id}.")
    if secret is not None and options.remove_key_file:
        if options.vault:
            raise UsageProblem("--remove-key-file needs the vault in the home: runs look for the key there")
        Vault.open(store, keys)  # once more, from what is stored alone
        home.key.unlink()
        print("The plain key file was removed: runs take the key from the vault.")
    if keys.sealing.id.startswith("local:"):
        print(
            "This key is local: whoever has it can seal and open. Keep a copy of it away from the vault and this home."
        )
    return EXIT_OK


def _status(vault: Vault) -> int:
    found = status(vault)
    print(f"project      {found.project}")
    print(f"vault        {found.store}")
    print(f"project key  sealed with {found.secret_key}")
    print(f"writers      {found.writers}")
    print(f"segments     {found.segments} ({found.size} bytes)")
    for key, count in found.keys.items():
        print(f"  {count} sealed with {key}")
    print(f"checkpoints  {found.checkpoints}")
    print(f"lookups      {found.lookups}")
    for problem in found.problems:
        print(f"deident: {problem}", file=sys.stderr)
    return EXIT_HELD if found.problems else EXIT_OK


def _verify(vault: Vault) -> int:
    report = verify(vault)
    counts = ", ".join(f"{count} {domain}" for domain, count in sorted(report.entries.items())) or "no entries"
    print(f"{report.segments} segments opened: {counts}; {report.lookups} lookups on record.")
    for problem in report.problems:
        print(f"deident: {problem}", file=sys.stderr)
    if report.problems:
        print(f"deident: {len(report.problems)} problems; the vault is not whole", file=sys.stderr)
        return EXIT_HELD
    print("The vault is whole.")
    return EXIT_OK


def _rewritten(done: Rewritten) -> int:
    print(
        f"{done.read} segments with {done.entries} entries read, {done.written} written and read back, "
        f"{done.removed} old ones removed."
    )
    return EXIT_OK


def _export(vault: Vault, output: str) -> int:
    try:
        count = export(vault, Path(output).expanduser().absolute())
    except AlreadyExists as problem:
        raise UsageProblem(str(problem)) from None
    print(f"{count} entries written; the export is on record. The file holds identifiers.")
    return EXIT_OK


def _import(vault: Vault, file: str) -> int:
    count, _ = import_map(VaultWriter(vault, "import"), Path(file).expanduser())
    vault.store.sync()
    print(f"{count} entries sealed.")
    return EXIT_OK


def reidentify_command(options: argparse.Namespace) -> int:
    """Print the originals; 1 when one of the pseudonyms is not in the vault."""
    asked: dict[str, None] = {}
    for value in options.values:
        asked.update(dict.fromkeys(_pseudonyms(value, _home(options))))
    found = reidentify(_open(options), tuple(asked))
    for pseudonym, entries in found.items():
        for entry in entries:
            print(f"{_shown(pseudonym)}\t{entry.domain}\t{_shown(entry.original)}")
    unknown = sum(not entries for entries in found.values())
    if unknown:
        print(f"deident: {unknown} of {len(found)} are not in this vault", file=sys.stderr)
    return EXIT_HELD if unknown else EXIT_OK


def _pseudonyms(value: str, home: ProjectHome) -> list[str]:
    """The value itself, or what identifies an output file: patient id, study, series and SOP instance UID.

    In S3 it is read with the rights of the destination, which `places.toml` of the home can name.
    """
    stored, header = is_s3(value), None
    if not stored and os.sep not in value and not os.path.isfile(value):
        return [value.strip()]
    if stored or os.path.isfile(value):
        session = Roots.of(home).session("destination") if stored else None
        with contextlib.suppress(NotFound), open_object(value, session) as file:
            header = read_header(file)
    if header is None:
        raise UsageProblem("one of the values is no pseudonym, and no file either")
    return [text for text in (header.patient_id, header.study_uid, header.series_uid, header.sop_uid) if text]


def _shown(text: str) -> str:
    """What a terminal may be given: control characters of an original become escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
