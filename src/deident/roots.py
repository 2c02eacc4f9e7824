"""Where the parts of a project lie: each in its folder of the home, unless `places.toml` there or a job says elsewhere."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, Protocol

from deident.catalogue import read_text
from deident.errors import ConfigurationError, PlaceProblem
from deident.home import ProjectHome, check_apart
from deident.profile.toml import parse
from deident.stores.places import apart, is_s3, open_store, parse_s3
from deident.stores.protocol import Store

__all__ = [
    "FILE",
    "ROOTS",
    "AwsProfiles",
    "AwsRoles",
    "Encryption",
    "Roots",
    "Session",
    "Sessions",
    "absolute",
    "check_all_apart",
    "check_bucket",
    "check_places",
    "check_source",
    "open_place",
]

FILE: Final = "places.toml"
#: What a project keeps besides source and destination.
ROOTS: Final = ("staging", "ledger", "audit", "reports", "qa", "vault")
_ROLE: Final = r"|arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,512}"
_TABLES: Final = "[places], [kms_keys], [aws_profiles] and [aws_roles]"
_WHAT: Final = "places.toml in the project home"


class Session(Protocol):
    """A boto3 session with credentials of its own."""

    def client(self, service_name: str, **kwargs: Any) -> Any: ...


class Sessions(Protocol):
    """Makes a session wherever one is needed; it is pickled to worker processes, and holds no credentials itself."""

    def __call__(self) -> Session: ...

    def __hash__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class _Written:
    """Something for each place that is written to; empty for nothing."""

    destination: str = ""
    staging: str = ""
    ledger: str = ""
    audit: str = ""
    reports: str = ""
    qa: str = ""
    vault: str = ""


@dataclass(frozen=True, slots=True)
class Encryption(_Written):
    """KMS keys by which S3 encrypts what is written to each place (SSE-KMS); empty leaves it to the bucket's default."""


@dataclass(frozen=True, slots=True)
class AwsProfiles(_Written):
    """Profiles of the AWS configuration, whose rights are used at each place; `default` where a place names none."""

    source: str = ""
    default: str = ""

    def at(self, name: str) -> str:
        """What holds at a place; empty for nothing."""
        found: str = getattr(self, name) or self.default
        return found


@dataclass(frozen=True, slots=True)
class AwsRoles(AwsProfiles):
    """ARNs of roles that are assumed for each place, by the profile that holds there. Raises ValueError, with the name alone."""

    def __post_init__(self) -> None:
        for entry in fields(self):
            if not re.fullmatch(_ROLE, getattr(self, entry.name)):
                raise ValueError(f"{entry.name}: no ARN of a role")


@dataclass(frozen=True, slots=True)
class Roots:
    """A folder or `s3://bucket/prefix` for each part of a project."""

    staging: str = field(repr=False)
    ledger: str = field(repr=False)
    audit: str = field(repr=False)
    reports: str = field(repr=False)
    qa: str = field(repr=False)
    vault: str = field(repr=False)
    encryption: Encryption = field(default=Encryption(), repr=False)
    profiles: AwsProfiles = field(default=AwsProfiles(), repr=False)
    roles: AwsRoles = field(default=AwsRoles(), repr=False)
    #: The session of places for which no profile is named; None leaves it to the usual means of AWS.
    sessions: Sessions | None = field(default=None, repr=False)
    #: After so many seconds without a sign of life, what a process held in S3 may be taken over.
    lease_seconds: int = 120
    #: By profile and role: places with the same rights share what boto3 loads.
    _made: dict[tuple[str, str], Session] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, home: ProjectHome) -> Roots:
        """The folders of the home, but for those that `places.toml` of the home names others for.

        Raises ConfigurationError (with keys and no values) for a file that is wrong, PlaceProblem for a place that is.
        """
        staging, ledger, audit, reports, qa, vault = (str(getattr(home, name)) for name in ROOTS)
        table: dict[str, Any] = {}
        if os.path.lexists(home.root / FILE):
            table = parse(read_text(home.root / FILE, _WHAT), _WHAT)
        places = _names(table, "places", set(ROOTS))
        encryption = Encryption(**_names(table, "kms_keys", {entry.name for entry in fields(Encryption)}))
        known = {entry.name for entry in fields(AwsProfiles)}
        profiles, arns = AwsProfiles(**_names(table, "aws_profiles", known)), _names(table, "aws_roles", known)
        roles, wrong = AwsRoles(), ""
        try:
            roles = AwsRoles(**arns)
        except ValueError as problem:
            wrong = str(problem)
        if wrong:
            raise ConfigurationError(f"{_WHAT}: [aws_roles] {wrong}")
        seconds = table.pop("lease_seconds", 120)
        if not isinstance(seconds, int) or not 5 <= seconds <= 3600:
            raise ConfigurationError(f"{_WHAT}: lease_seconds is a number from 5 to 3600")
        if table:
            raise ConfigurationError(f"{_WHAT} has the tables {_TABLES}, and lease_seconds before them")
        roots = cls(staging, ledger, audit, reports, qa, vault, encryption, profiles, roles)
        return replace(roots.changed(**places), lease_seconds=seconds)

    def changed(self, **places: str | None) -> Roots:
        """With other places for those that are named; None leaves one as it is."""
        return replace(self, **{name: place for name, place in places.items() if place is not None})  # type: ignore[arg-type]

    def named(self) -> dict[str, str]:
        """The place of each part."""
        return {name: getattr(self, name) for name in ROOTS}

    def shown(self, name: str) -> str:
        """How a report may call the place of a part: no path, no bucket."""
        return "in S3" if is_s3(getattr(self, name)) else "in the project home"

    def open(self, name: str, place: str | None = None) -> Store:
        """The store of a part; of `source` or `destination` with their place beside the name."""
        place = getattr(self, name) if place is None else place
        session = self.session(name) if is_s3(place) else None
        return open_place(place, getattr(self.encryption, name, ""), session, private=name in ROOTS)

    def session(self, name: str) -> Session:
        """The session with the rights for a place. Raises PlaceProblem for a profile that is not configured."""
        from deident.stores.s3.client import assume_role, new_session  # noqa: PLC0415 - for those who use S3

        profile, role = self.profiles.at(name), self.roles.at(name)
        made = self._made.get((profile, role))
        if made is None:
            made = self.sessions() if self.sessions is not None and not profile else new_session(profile or None)
            if role:
                made = assume_role(made, role, profile or None)
            self._made[profile, role] = made
        return made

    def key_session(self) -> Session | None:
        """The session for the vault's key in KMS: None, for the usual means, unless the vault has rights of its own."""
        return self.session("vault") if self.profiles.at("vault") or self.roles.at("vault") else None


def _names(table: dict[str, Any], key: str, known: set[str]) -> dict[str, str]:
    """One table of the file, taken out of it. Raises ConfigurationError."""
    part = table.pop(key, {})
    if not isinstance(part, dict) or not all(isinstance(value, str) and value for value in part.values()):
        raise ConfigurationError(f"{_WHAT}: [{key}] holds names with texts")
    if set(part) - known:
        raise ConfigurationError(f"{_WHAT}: [{key}] has the names {', '.join(sorted(known))}")
    return part


def open_place(place: str, kms_key: str = "", session: Session | None = None, *, private: bool = False) -> Store:
    """The store of a place. Nothing is asked of S3 yet. Raises PlaceProblem."""
    if not is_s3(place):
        return open_store(place, private=private)
    from deident.stores.s3 import S3Settings  # noqa: PLC0415 - for those who use S3

    return open_store(place, settings=S3Settings(kms_key_id=kms_key or None), session=session)


def check_places(source: str, destination: str, home: ProjectHome, roots: Roots) -> None:
    """Raise PlaceProblem when source, destination, home and parts are not apart from each other, in folders and in S3."""
    parts = {f"the place of {name}": place for name, place in roots.named().items()}
    outside = {name: place for name, place in parts.items() if not _in_home(place, home)}
    places = {"the source": source, "the destination": destination, "the project home": str(home.root), **outside}
    check_all_apart(places)
    inside = [place for name, place in parts.items() if name not in outside]
    if len(set(inside)) != len(inside):
        raise PlaceProblem("two parts of the project have the same folder of the home")


def check_all_apart(places: Mapping[str, str]) -> None:
    """Raise PlaceProblem when one of the named places, folders or in S3, is another or lies inside it."""
    apart(places)
    check_apart({name: place for name, place in places.items() if not is_s3(place)})


def check_source(source: str) -> None:
    """Raise PlaceProblem when there is no such folder; a bucket is asked for with `check_bucket`."""
    if not is_s3(source) and not os.path.isdir(Path(source).expanduser()):
        raise PlaceProblem("the source is no folder, or cannot be reached")


def check_bucket(store: Store, what: str) -> None:
    """Ask S3 for the bucket; nothing for a folder. Raises PlaceProblem, which says what the place is for."""
    check, failure = getattr(store, "check", None), ""
    if check is not None:
        try:
            check()
        except PlaceProblem as problem:
            failure = str(problem)
    if failure:
        raise PlaceProblem(f"{what}: {failure}")


def absolute(place: str) -> str:
    """A place that means the same whatever the current folder is. Raises PlaceProblem."""
    return parse_s3(place).uri if is_s3(place) else os.path.abspath(Path(place).expanduser())


def _in_home(place: str, home: ProjectHome) -> bool:
    return not is_s3(place) and any(place == str(getattr(home, name)) for name in ROOTS)
