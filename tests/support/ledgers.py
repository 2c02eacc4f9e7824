"""Ledgers: verified as the command line does it, and one of many studies, made of real decisions of the engine."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pydicom.data import get_testdata_file

from deident.audit import AuditRecord, held, released
from deident.context import Context
from deident.errors import Reason
from deident.home import ProjectHome
from deident.ledger import Outcome, OutputDigest, Record, StudyOutcome
from deident.pseudonyms import ProjectKey
from deident.seals.mac import PURPOSE, Seal
from deident.seals.troubles import Trouble, Verification
from deident.seals.verify import verify
from deident.seals.witness import witness_of
from deident.stores import FolderStore
from deident.stores.files import open_file

__all__ = ["check", "many_outcomes", "troubles"]

_FILES = {
    "CT": "CT_small.dcm",
    "MR": "MR_small.dcm",
    "RTDOSE": "rtdose.dcm",
    "RTPLAN": "rtplan.dcm",
    "SC": "SC_rgb.dcm",
}
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_MIX = ("CT", "CT", "CT", "CT", "MR", "MR", "MR", "RTPLAN", "RTDOSE", "SC", "SC")


def check(root: Path) -> Verification:
    """What `deident audit verify` finds in the home."""
    home = ProjectHome.existing(root)
    seal = Seal(ProjectKey.load(home.key).derive(PURPOSE))
    return verify(
        FolderStore(home.ledger, private=True),
        seal,
        witness=witness_of(FolderStore(home.audit), FolderStore(home.reports)),
        at_work=home.at_work,
    )


def troubles(root: Path) -> set[Trouble]:
    """The kinds of what is wrong there."""
    return {problem.trouble for problem in check(root).problems}


def many_outcomes(context: Context, count: int, instances: int = 4) -> Iterator[StudyOutcome]:
    """Append `count` studies to the ledger, with audit logs, and give their outcomes; about one in nine is held."""
    chance = random.Random(4711)
    made = {modality: _record(context, name) for modality, name in _FILES.items()}
    for number in range(count):
        study = "".join(chance.choices(_ALPHABET, k=16))
        modality = chance.choice(_MIX)
        records = [replace(made[modality], input=context.pseudonyms.reference(f"{study}{n}")) for n in range(instances)]
        reason = chance.choice(list(Reason)[11:]) if chance.random() < 0.11 else None
        if reason is not None:
            records[1:] = [held(record.input, reason, "(0008,0005)") for record in records[1:]]
        if chance.random() < 0.06:
            records = [held(record.input, Reason.LEAK, "leak: (0008,1030)") for record in records]
        yield StudyOutcome(_append(context, study, modality, records, chance, number))


def _append(
    context: Context, study: str, modality: str, records: list[AuditRecord], chance: random.Random, number: int
) -> Record:
    context.write_audit(study, records)
    out = sum(record.reason is None for record in records)
    reasons: dict[str, int] = {}
    for record in records:
        if record.reason is not None:
            reasons[record.reason.value] = reasons.get(record.reason.value, 0) + 1
    quarantined = sum(record.ending.value == "quarantined" for record in records)
    return context.ledger.append(
        Record(
            study=study,
            run=context.run,
            outcome=Outcome.RELEASED if out else Outcome.QUARANTINED,
            fingerprint=f"hmac-sha256:{number:064x}",
            profile_digest=context.profile.digest(),
            code_version=context.code_version,
            counts={"released": out, "skipped": len(records) - out - quarantined, "quarantined": quarantined},
            reasons=reasons,
            modalities=(modality, "SR") if chance.random() < 0.15 else (modality,),
            manifest_version=1 if out else 0,
            outputs=tuple(
                OutputDigest(f"{record.output}{n}", 5, "sha256:11") for n, record in enumerate(records[:out])
            ),
            seconds={
                "deidentification": round(chance.lognormvariate(-1, 0.7), 3),
                "validation": round(chance.lognormvariate(0, 0.8), 3),
                "release": round(chance.lognormvariate(-3, 0.5), 3),
            },
        )
    )


def _record(context: Context, name: str) -> AuditRecord:
    with open_file(get_testdata_file(name)) as source:
        result = replace(context, profile=context.profile.changed(pixel_risk="accept")).engine().deidentify(source)
    return released(result, reference="", output=result.identity.output_name, pseudonyms=context.pseudonyms)
