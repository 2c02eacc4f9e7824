"""The options that say whom and what a run takes: patient list and cohort, the same for every command."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from deident.errors import UsageProblem

if TYPE_CHECKING:
    from deident.cohort import Cohort

__all__ = ["add_selection", "cohort_of", "cohort_values"]

_DATE: Final = r"\d{4}-\d{2}-\d{2}"
_RANGE: Final = re.compile(rf"({_DATE})|({_DATE})?\.\.({_DATE})?")


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Add the options of patient list and cohort to a command."""
    add = parser.add_argument
    add(
        "--patients",
        metavar="FILE",
        help="patient list of a trial, a CSV: patient_id, issuer, subject_id, date_offset_days",
    )
    add(
        "--unlisted",
        choices=("refuse", "pseudonymise"),
        help="patients whom the list does not name: refuse them (the default) or give them a keyed pseudonym",
    )
    add("--modality", action="append", default=[], metavar="CT,MR", help="take these modalities alone; repeatable")
    add("--sop-class", action="append", default=[], metavar="CT,UID", help="take these SOP classes alone; repeatable")
    add(
        "--body-part",
        action="append",
        default=[],
        metavar="CHEST,ABDOMEN",
        help="take these body parts alone; repeatable",
    )
    add(
        "--study-date",
        metavar="FROM..TO",
        help="take studies of these days alone, both included, YYYY-MM-DD; one side may be left out",
    )
    add(
        "--series-description",
        action="append",
        default=[],
        metavar="PATTERN",
        help="take series with such a description alone (*, ? and [...], case does not matter); repeatable",
    )
    add(
        "--exclude-series-description",
        action="append",
        default=[],
        metavar="PATTERN",
        help="leave series with such a description out, and those without any; repeatable",
    )


def cohort_values(options: argparse.Namespace) -> dict[str, Any]:
    """The criteria that were given, by the keys of Cohort; dates as text. Raises UsageProblem for a malformed range."""
    values: dict[str, Any] = {
        "modality": _names(options.modality),
        "sop_class": _names(options.sop_class),
        "body_part": _names(options.body_part),
        "series_description": options.series_description,
        "series_description_exclude": options.exclude_series_description,
    }
    if options.study_date is not None:
        found = _RANGE.fullmatch(options.study_date)
        if found is None or options.study_date == "..":
            raise UsageProblem("--study-date: FROM..TO with dates written YYYY-MM-DD, one side may be left out")
        day, first, last = found.groups()
        values |= {"study_date_from": day or first, "study_date_to": day or last}
    return {key: value for key, value in values.items() if value}


def cohort_of(options: argparse.Namespace) -> Cohort | None:
    """The cohort of a command line, None without a criterion. Raises UsageProblem for what cannot be meant."""
    from deident.cohort import Cohort  # noqa: PLC0415 - for start-up

    values = cohort_values(options)
    return Cohort(**values) if values else None


def _names(values: Iterable[str]) -> list[str]:
    return [name.strip() for value in values for name in value.split(",") if name.strip()]
