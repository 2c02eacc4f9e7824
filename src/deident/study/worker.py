"""What a worker does with single instances: read, de-identify, write to staging, hash."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from deident.audit import held, released
from deident.context import Context, worker_context
from deident.discovery import InstanceRef
from deident.errors import NotFound, PlaceProblem, Reason, Refusal, TransientProblem
from deident.job import Job, PixelProof
from deident.pseudonyms import Pseudonyms
from deident.roots import Sessions
from deident.stores.names import key_text
from deident.stores.protocol import BLOCK, Kept, OpenObject, Store
from deident.study.model import InstanceOutcome, StagedInstance

__all__ = [
    "COMPOSED",
    "PROVEN",
    "Task",
    "digest_of",
    "stage_chunk",
    "stage_in_worker",
    "stage_instance",
    "staging_folder",
    "staging_key",
    "stored_digest",
]

#: From so many bytes that S3 copied by itself on, they are not read to be compared and hashed.
PROVEN: Final = 64 << 20
COMPOSED: Final = "composed-"
#: An instance and its place in staging.
Task = tuple[InstanceRef, str]


def staging_key(run: str, study: str, number: int) -> str:
    """Where the output of the instance `number` of a study lies until it is released."""
    return f"{staging_folder(run, study)}{number:06d}.dcm"


def staging_folder(run: str, study: str) -> str:
    """Where the outputs of a study lie until they are released."""
    return f"{run}/{study}/"


def stage_in_worker(job: Job, run: str, sessions: Sessions | None, tasks: Sequence[Task]) -> list[InstanceOutcome]:
    """`stage_chunk` in another process, which opens the job and loads the key by itself."""
    context = worker_context(job, run, sessions)
    with context.at_work():
        return stage_chunk(context, tasks)


def stage_chunk(context: Context, tasks: Sequence[Task]) -> list[InstanceOutcome]:
    """De-identify instances into staging, in order. Raises TransientProblem or PlaceProblem when staging fails."""
    return [stage_instance(context, instance, key) for instance, key in tasks]


def stage_instance(context: Context, instance: InstanceRef, key: str) -> InstanceOutcome:
    """De-identify one instance into staging as `key`; whatever is wrong with the instance is its outcome.

    No text of an unexpected exception goes anywhere, as it may quote the instance.
    """
    reference = context.pseudonyms.reference(key_text(instance.key))
    reason: Reason | None
    try:
        return _stage(context, instance, key, reference)
    except Refusal as refusal:
        reason, detail = refusal.reason, refusal.detail
    except NotFound:
        reason, detail = Reason.CHANGED, "it is gone"
    except (TransientProblem, PlaceProblem):
        raise
    except (MemoryError, OSError):
        reason, detail = None, ""
    except Exception:  # noqa: BLE001 - one bad instance must not end the others
        reason, detail = Reason.INTERNAL, ""
    if reason is None:
        raise TransientProblem("the machine ran out of memory or another resource")
    return InstanceOutcome(held(reference, reason, detail))


def _stage(context: Context, instance: InstanceRef, key: str, reference: str) -> InstanceOutcome:
    with context.source.open(instance.key) as source:
        if source.version != instance.version:
            raise Refusal(Reason.CHANGED)
        result = context.engine().deidentify(source)
        # Checks before anything appears in staging that the source is still what was read.
        written = context.staging.write(key, result.segments, source, overwrite=True)
    kept = written.kept if sum(part.length for part in written.kept) >= PROVEN else ()
    if context.job.pixel_proof is PixelProof.READ:
        kept = ()
    with context.staging.open(key) as output:
        version, size = output.version, output.size
        digest = composed_digest(context.pseudonyms, output, kept, instance.version) if kept else digest_of(output)
    name = result.identity.output_name
    return InstanceOutcome(
        record=released(result, reference=reference, output=name, pseudonyms=context.pseudonyms),
        staged=StagedInstance(
            key=key,
            version=version,
            name=name,
            size=size,
            digest=digest,
            source=instance,
            pixel_data=result.statistics.pixel_data,
            codes=result.codes,
            profile_digest=context.profile_digest,
            kept=kept,
            entries=result.map_entries if context.vault is not None else (),
        ),
    )


def composed_digest(pseudonyms: Pseudonyms, output: OpenObject, kept: Sequence[Kept], version: str) -> str:
    """What stands for the digest of an object that S3 put together: keyed, as the version tells of the original's bytes."""
    statement, done = [], 0
    for part in (*kept, Kept(0, output.size, 0)):
        data = output.read_at(done, part.offset - done)
        statement.append(f"bytes {done} {len(data)} {hashlib.sha256(data).hexdigest()}")
        of = part.digest or f"{version} {part.source_offset}"
        statement.append(f"kept {part.offset} {part.length} {of}")
        done = part.offset + part.length
    return COMPOSED + pseudonyms.reference("\n".join(statement))


def digest_of(opened: OpenObject) -> str:
    """`sha256:` and the hex digest of an object, read 1 MiB at a time."""
    digest = hashlib.sha256()
    for offset in range(0, opened.size, BLOCK):
        digest.update(opened.read_at(offset, BLOCK))
    return "sha256:" + digest.hexdigest()


def stored_digest(store: Store, key: str) -> str:
    """The digest of a stored object."""
    with store.open(key) as opened:
        return digest_of(opened)
