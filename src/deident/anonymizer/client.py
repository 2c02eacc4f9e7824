"""The Python API: `DICOMAnonymizer`, which does for a program what `deident anonymize` does for a person."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

from deident.anonymizer.batch import Batch
from deident.anonymizer.convert import Policy, Task
from deident.anonymizer.correct import CorrectableAuditLog
from deident.anonymizer.places import Path, Places, audit_place, check_list, directory_places, file_places
from deident.anonymizer.result import AnonymizationResult, DirectoryResult
from deident.catalogue import find_profile
from deident.cohort import Cohort
from deident.errors import ConfigurationError, Reason, UsageProblem
from deident.home import ProjectHome, default_home
from deident.profile import DEFAULT_PRESET, Option, PixelRisk, Profile, Strategy, TimeMethod
from deident.profile.rules import Rules
from deident.pseudonyms import ProjectKey, Pseudonyms, SubjectList, Unlisted
from deident.roots import check_all_apart, open_place
from deident.vault import project_key

__all__ = ["DICOMAnonymizer"]

_SAFE_PRIVATE: Final = Option.RETAIN_SAFE_PRIVATE


class DICOMAnonymizer:
    """De-identifies DICOM files by PS3.15 Annex E.

    >>> from deident import DICOMAnonymizer
    >>> anonymizer = DICOMAnonymizer(preserve_studies=True)
    >>> result = anonymizer.anonymize_file("scan.dcm", "anonymous.dcm")  # doctest: +SKIP
    >>> result.ending, len(result.anonymized_tags)  # doctest: +SKIP

    `preserve_studies`: pseudonyms come from the key of the project (in `home`, made on first use), so they are the
    same in every run; without it from a key that dies with this object. `profile`: name of a preset, of a file in
    `profiles/` of the home, path of a `.toml` file, or a Profile. On top of it: `strategy` for all direct
    identifiers, `strategies` for single ones by keyword (`{"PatientName": "remove"}`), `keep_tags` (keywords or
    `gggg,eeee`; an output that keeps what no option covers claims no conformance), `keep_private` (True: the private
    elements that are known to be safe stay, False: none does) and `pixel_risk`. `patients`: the patient list of a trial,
    a CSV file that decides pseudonyms; `unlisted`: `refuse` (the default) or `pseudonymise` patients whom it does not
    name. `cohort`: which instances are taken. `workers`: processes for a directory, None for one per core.
    `overwrite`: replace outputs and audit logs that exist.

    Wrong use raises a UsageProblem. Whatever is wrong with an input is never raised: it is the ending of its result.
    """

    def __init__(  # noqa: PLR0913 - each is one option of the command line, and they are named
        self,
        *,
        preserve_studies: bool = False,
        profile: str | Profile = DEFAULT_PRESET,
        strategy: Strategy | str | None = None,
        strategies: Mapping[str, Strategy | str] | None = None,
        keep_tags: Iterable[str] = (),
        keep_private: bool | None = None,
        pixel_risk: PixelRisk | str | None = None,
        patients: Path | None = None,
        unlisted: Unlisted | str | None = None,
        cohort: Cohort | None = None,
        home: Path | None = None,
        workers: int | None = None,
        overwrite: bool = False,
    ) -> None:
        if workers is not None and workers < 1:
            raise UsageProblem("workers: at least 1")
        changes: dict[str, object] = {"strategies": strategies, "keep_tags": frozenset(keep_tags) or None}
        changes |= {"strategy": strategy, "pixel_risk": pixel_risk}
        root = pathlib.Path(os.fsdecode(home)).expanduser() if home is not None else default_home()
        named = find_profile(profile, root / "profiles") if isinstance(profile, str) else profile
        if keep_private is not None:
            changes["options"] = (named.options - {_SAFE_PRIVATE}) | ({_SAFE_PRIVATE} if keep_private else set())
        self._profile = _changed(named, changes)
        self._conforms = Rules(self._profile).conforms
        self._patients = patients
        listed = _list(patients, unlisted)
        self._home = ProjectHome.open(os.fsdecode(home) if home is not None else None) if preserve_studies else None
        key = project_key(self._home) if self._home else ProjectKey.generate()
        pseudonyms = Pseudonyms(
            key,
            prefix=self._profile.patient_prefix,
            date_range_days=self._profile.date_range_days,
            date_multiple=self._profile.date_multiple,
            shift_times=self._profile.times is TimeMethod.SHIFT,
            **listed,
        )
        self._policy = Policy(self._profile, pseudonyms, None if cohort is None or cohort.everything else cohort)
        self._workers = workers
        self._overwrite = overwrite

    @property
    def profile(self) -> Profile:
        """What is done, with all choices in place."""
        return self._profile

    @property
    def conforms(self) -> bool:
        """Whether outputs may claim conformance to PS3.15: false when `keep_tags` keeps what no option covers."""
        return self._conforms

    def anonymize_file(self, source: Path, output: Path, *, audit_log: Path | None = None) -> AnonymizationResult:
        """De-identify one file into the file `output`, or under a name made of pseudonyms into the folder `output`.

        `audit_log` names a JSON file to write. Raises UsageProblem (places that cannot be used) or TransientProblem
        (the disk is full, ...).
        """
        return self._results(self.prepare_file(source, output), audit_log)[0]

    def anonymize_directory(self, source: Path, output: Path, *, audit_log: Path | None = None) -> DirectoryResult:
        """De-identify all under `source` into `output/<patient>/<study>/<series>/<sop>.dcm`, named by pseudonyms.

        The result has one entry for each thing under `source`, in the order of the paths, and the counts. Raises as
        `anonymize_file` does.
        """
        return DirectoryResult(tuple(self._results(self.prepare_directory(source, output), audit_log)))

    def prepare_file(self, source: Path, output: Path) -> Batch:
        """Check the places of a call for one file; nothing is read or written yet."""
        places = file_places(source, output)
        self._check_apart(places)
        assert places.key is not None
        known = places.name is not None and not self._overwrite and open_place(places.root).exists(places.name)
        return self._batch(places, [Task(0, places.key, Reason.OUTPUT_EXISTS if known else None)], 1)

    def prepare_directory(self, source: Path, output: Path) -> Batch:
        """Check the places of a call for a folder and list what lies in it; nothing is read or written yet."""
        places = directory_places(source, output)
        self._check_apart(places)
        entries = open_place(places.source).list()
        tasks = [Task(index, entry.key, entry.problem) for index, entry in enumerate(entries)]
        return self._batch(places, tasks, self._workers)

    def audit(self, path: Path, batch: Batch) -> CorrectableAuditLog:
        """The audit log of a batch, to be handed to `Batch.run`. Raises UsageProblem when it cannot stand there."""
        target = audit_place(path, batch.places, overwrite=self._overwrite)
        if self._patients is not None:
            check_list(self._patients, batch.places, target)
        return CorrectableAuditLog(target, profile=self._profile, overwrite=self._overwrite)

    def _batch(self, places: Places, tasks: list[Task], workers: int | None) -> Batch:
        return Batch(self._policy, places, tasks, workers, self._overwrite)

    def _check_apart(self, places: Places) -> None:
        if self._patients is not None:
            check_list(self._patients, places)
        if self._home is not None and places.key is None:
            check_all_apart(
                {"the project home": str(self._home.root), "the input": places.source, "the output": places.root}
            )

    def _results(self, batch: Batch, audit_log: Path | None) -> list[AnonymizationResult]:
        results: list[AnonymizationResult] = []
        for event in batch.run(self.audit(audit_log, batch) if audit_log is not None else None):
            result = AnonymizationResult(event.task.key, event.output, event.record)
            if event.replaces is None:
                results.append(result)
            else:
                results[event.task.index] = result
        return results


def _list(patients: Path | None, unlisted: Unlisted | str | None) -> dict[str, Any]:
    """What Pseudonyms needs of a patient list."""
    if patients is None:
        if unlisted is not None:
            raise ConfigurationError("unlisted: has no meaning without a patient list")
        return {}
    if unlisted is not None and unlisted not in tuple(Unlisted):
        raise ConfigurationError(f"unlisted: one of {', '.join(Unlisted)}")
    return {"subjects": SubjectList.load(os.fsdecode(patients)), "unlisted": Unlisted(unlisted or Unlisted.REFUSE)}


def _changed(profile: Profile, changes: Mapping[str, object]) -> Profile:
    """The profile with the changes that are not None. Raises ConfigurationError, which names keys and no values."""
    return profile.changed(**{key: value for key, value in changes.items() if value is not None})
