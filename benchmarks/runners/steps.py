"""What each step of trust costs: the same loop over a folder, up to and with one step.  python steps.py IN OUT STEP

The steps, each with all before it: `start` (imports and tables alone), `scan` (scan, decide and splice, without the
known-identifier pass), `known`, `audit`, `write`, `rescan` (the engine over its own output), `digest` (SHA-256 of the
output), `validate` (independent validation of the study).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from deident.audit import AuditLog, released
from deident.engine import Deidentified, Deidentifier
from deident.engine.search import Searcher
from deident.profile import preset
from deident.pseudonyms import ProjectKey, Pseudonyms
from deident.stores import FolderStore
from deident.study.worker import stored_digest
from deident.validation import Claims, Pair, validate_study

STEPS: Final = ("start", "scan", "known", "audit", "write", "rescan", "digest", "validate")


class Unsuspecting(Searcher):
    """Stands in for the known-identifier pass where its cost is to be left out."""

    def hits(self, notes: Any) -> frozenset[bytes]:  # noqa: ARG002
        return frozenset()

    def suspicious(self, notes: Any) -> Callable[[bytes], bool]:  # noqa: ARG002
        return lambda _data: False


class Loop:
    """One folder through the steps up to `last`."""

    def __init__(self, source: str, destination: str, last: str) -> None:
        self.last = STEPS.index(last)
        self.profile = preset("research")
        self.pseudonyms = Pseudonyms(ProjectKey.generate(), prefix=self.profile.patient_prefix)
        self.engine = Deidentifier(self.profile, self.pseudonyms)
        if not self.does("known"):
            self.engine._searcher = Unsuspecting()
        self.again = Deidentifier(self.profile, self.pseudonyms)
        Path(destination).mkdir(parents=True)
        self.source, self.destination = FolderStore(source), FolderStore(destination)
        self.audit = AuditLog(Path(destination + ".json"), profile=self.profile) if self.does("audit") else None
        self.made: list[tuple[str, Deidentified]] = []

    def does(self, step: str) -> bool:
        return self.last >= STEPS.index(step)

    def run(self) -> None:
        if not self.does("scan"):
            return
        for entry in self.source.list():
            self.one(entry.key)
        if self.does("validate"):
            self.validate()

    def one(self, key: str) -> None:
        with self.source.open(key) as opened:
            result = self.engine.deidentify(opened)
            name = result.identity.output_name
            if self.audit is not None:
                reference = self.pseudonyms.reference(key)
                self.audit.add(released(result, reference=reference, output=name, pseudonyms=self.pseudonyms))
            if self.does("write"):
                self.destination.write(name, result.segments, opened)
        if self.does("rescan"):
            with self.destination.open(name) as output:
                self.again.deidentify(output)
        if self.does("digest"):
            stored_digest(self.destination, name)
        if self.does("validate"):
            self.made.append((key, result))

    def validate(self) -> None:
        studies: dict[str, list[tuple[str, Deidentified]]] = {}
        for key, result in self.made:
            studies.setdefault(result.study_uid, []).append((key, result))
        for study in studies.values():
            findings = validate_study((self.pair(*made) for made in study), Claims(study[0][1].codes))
            if findings:
                sys.exit(f"findings: {findings[:3]}")

    def pair(self, key: str, result: Deidentified) -> Pair:
        name = result.identity.output_name
        source = self.source.open(key).__enter__()
        output = self.destination.open(name).__enter__()
        return Pair(key, source, output, name, result.statistics.pixel_data)


if __name__ == "__main__":
    loop = Loop(*sys.argv[1:])
    if loop.audit is None:
        loop.run()
    else:
        with loop.audit:
            loop.run()
