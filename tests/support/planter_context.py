"""What every place works with: the file as a tree, the fictitious patient, canaries, the list of what was hidden."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from support.elements import Element, Item, Part10, find, put, vr_of

__all__ = ["Context", "Identifier", "NotHere", "Person", "Place", "make", "place", "registry"]

CONTRIBUTING_EQUIPMENT, PURPOSE_CODE, EQUIVALENT_CODE = 0x0018A001, 0x0040A170, 0x00080121


class NotHere(Exception):
    """This place does not exist in this file; the message says why."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """Something that must not be found again.

    `kind`: name, id, date, time, datetime, uid, phone, address, institution, url, number, text.
    `place`: where it was hidden, `family/detail`. `options`: the options of Table E.1-1 that may keep or clean it.
    """

    text: str
    kind: str
    place: str
    options: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Person:
    """A patient who never lived; every part is made of letters and digits that no corpus file holds."""

    family: str
    given: str
    mrn: str
    birth_date: str
    street: str
    town: str
    post_code: str
    phone: str
    email: str
    accession: str
    study_id: str
    admission: str
    other_id: str
    referring: tuple[str, str]
    performing: tuple[str, str]
    operator: tuple[str, str]
    institution: str
    department: str
    station: str
    serial: str

    @classmethod
    def of(cls, seed: int) -> Person:
        rng = random.Random(f"person {seed}")

        def word(length: int) -> str:
            return "Zq" + "".join(rng.choice("aeiou" if i % 2 else "bdfghklmnprstvw") for i in range(length))

        def digits(count: int) -> str:
            return rng.choice("3456789") + "".join(rng.choices("0123456789", k=count - 1))

        born = date(1902, 1, 2) + timedelta(days=rng.randrange(25000))
        return cls(
            family=word(9),
            given=word(8),
            mrn=digits(10),
            birth_date=born.strftime("%Y%m%d"),
            street=f"{word(8)}strasse {rng.randrange(11, 99)}",
            town=word(9),
            post_code="ZQ" + digits(6),
            phone=f"+49 351 {digits(8)}",
            email=f"{word(6).lower()}@{word(7).lower()}.example",
            accession="ZA" + digits(9),
            study_id="ZS" + digits(8),
            admission="ZV" + digits(9),
            other_id="ZO" + digits(9),
            referring=(word(9), word(8)),
            performing=(word(9), word(8)),
            operator=(word(9), word(8)),
            institution=f"{word(8)} {word(7)} Clinic",
            department=f"{word(9)} Department",
            station="ZQ" + word(7).upper(),
            serial="ZN" + digits(10),
        )

    def facts(self) -> dict[str, tuple[str, str]]:
        """What identifies this patient, as name of the fact -> (text, kind)."""
        return {
            "family": (self.family, "name"),
            "given": (self.given, "name"),
            "name": (f"{self.family}^{self.given}", "name"),
            "mrn": (self.mrn, "id"),
            "birth_date": (self.birth_date, "date"),
            "street": (self.street, "address"),
            "town": (self.town, "address"),
            "post_code": (self.post_code, "address"),
            "phone": (self.phone, "phone"),
            "email": (self.email, "text"),
            "accession": (self.accession, "id"),
            "study_id": (self.study_id, "id"),
            "admission": (self.admission, "id"),
            "other_id": (self.other_id, "id"),
            "referring": ("^".join(self.referring), "name"),
            "performing": ("^".join(self.performing), "name"),
            "operator": ("^".join(self.operator), "name"),
            "institution": (self.institution, "institution"),
            "department": (self.department, "institution"),
            "station": (self.station, "id"),
            "serial": (self.serial, "id"),
        }


@dataclass
class Context:
    """One file while it is being planted."""

    file: Part10
    seed: int
    person: Person
    identifiers: list[Identifier] = field(default_factory=list)
    details: dict[str, set[str]] = field(default_factory=dict)
    claimed: set[int] = field(default_factory=set)

    @property
    def elements(self) -> list[Element]:
        return self.file.elements

    @property
    def sop_class(self) -> str:
        return self.value(0x00080016)

    def value(self, tag: int) -> str:
        """The text of a top-level element, empty if there is none."""
        found = find(self.elements, tag)
        return found.value.decode("latin-1").strip("\0 ") if found is not None else ""

    def number(self, tag: int) -> int | None:
        """The first value of a top-level US element."""
        found = find(self.elements, tag)
        return self.file.wire.unpack("H", found.value, 0)[0] if found is not None and len(found.value) >= 2 else None

    def wants(self, name: str, detail: str) -> bool:
        """Whether this detail of the place was asked for (all of them are unless some were named)."""
        return name not in self.details or detail in self.details[name]

    # --- canaries -------------------------------------------------------------------------------------------

    def token(self, place: str, length: int = 12) -> str:
        """A word that stands for this place alone: `Zqx` and letters, at least 10 long."""
        digest = hashlib.blake2b(f"{self.seed}|{place}".encode()).digest()
        return "Zqx" + "".join(chr(97 + b % 26) for b in digest[: length - 3])

    def digits(self, place: str, length: int) -> str:
        digest = int.from_bytes(hashlib.blake2b(f"digits {self.seed}|{place}".encode()).digest(), "big")
        return "7" + str(digest)[-(length - 1) :]

    def day(self, place: str) -> str:
        """A date of the eighteenth or nineteenth century that hardly any other place has."""
        days = random.Random(f"day {self.seed} {place}").randrange(72000)
        return (date(1701, 1, 1) + timedelta(days=days)).strftime("%Y%m%d")

    def _time(self, place: str) -> str:
        rng = random.Random(f"time {self.seed} {place}")
        return f"{rng.randrange(24):02}{rng.randrange(60):02}{rng.randrange(60):02}"

    def uid(self, place: str) -> str:
        """A UID that holds the medical record number."""
        return f"1.2.826.0.1.3680043.9.{self.person.mrn}.{self.digits(place, 12)}"

    def canary(self, vr: str, keyword: str, place: str, options: Iterable[str] = ()) -> str:
        """A value for an element of that VR, recorded as hidden at `place`."""
        return self.hide(*self._fresh(vr, keyword, place), place, options)

    def hide(self, text: str, kind: str, place: str, options: Iterable[str] = ()) -> str:
        """Record that `text` stands at `place`; returns it."""
        self.identifiers.append(Identifier(text, kind, place, frozenset(options)))
        return text

    def _fresh(self, vr: str, keyword: str, place: str) -> tuple[str, str]:
        token = self.token(place)
        match vr:
            case "PN":
                return f"{token}^{self.token(place + '/given')}", "name"
            case "DA":
                return self.day(place), "date"
            case "TM":
                return f"{self._time(place)}.{self.digits(place, 6)}", "time"
            case "DT":
                return f"{self.day(place)}{self._time(place)}.{self.digits(place, 6)}", "datetime"
            case "UI":
                return self.uid(place), "uid"
            case "UR":
                return f"https://pacs.example/{token}?pid={token.lower()}", "url"
            case "DS":
                return f"7.{self.digits(place, 12)}", "number"
            case "IS":
                return self.digits(place, 9), "number"
            case "CS" | "AE" | "SH":
                return token.upper(), "text"
        if "Telephone" in keyword or "Telecom" in keyword:
            return f"+49 30 {self.digits(place, 9)}", "phone"
        if keyword.endswith("ID"):
            return f"ZQ{self.digits(place, 11)}", "id"
        return token, "text"

    # --- editing --------------------------------------------------------------------------------------------

    def put(self, element: Element) -> None:
        """Set a top-level element; two places must never set the same one."""
        if element.tag in self.claimed:
            raise AssertionError(f"two places want {element.tag:08X}")
        self.claimed.add(element.tag)
        put(self.elements, element)

    def free(self, tag: int) -> bool:
        """Whether neither the file nor another place has a top-level element of that tag."""
        return tag not in self.claimed and find(self.elements, tag) is None

    def add_item(self, tag: int, elements: list[Element], *, undefined: bool = False, vr: str = "SQ") -> None:
        """Append an item to a top-level sequence, which is made if it is not there."""
        sequence = find(self.elements, tag)
        if sequence is None or sequence.items is None:
            sequence = Element(tag, vr, items=[], undefined=undefined)
            put(self.elements, sequence)
        assert sequence.items is not None
        sequence.items.append(Item(sorted(elements, key=lambda e: e.tag), undefined))

    def nest(self, elements: list[Element], depth: int = 1, *, undefined: bool = False) -> None:
        """Put elements `depth` levels down in sequences that no profile removes (every composite IOD has them)."""
        for tag in (EQUIVALENT_CODE, PURPOSE_CODE)[3 - depth :]:
            elements = [
                Element(tag, "SQ", items=[Item(sorted(elements, key=lambda e: e.tag), undefined)], undefined=undefined)
            ]
        self.add_item(CONTRIBUTING_EQUIPMENT, elements, undefined=undefined)


def make(tag: int, text: str | bytes, vr: str = "") -> Element:
    """An element of the dictionary's VR, padded to even length."""
    vr = vr or vr_of(tag)
    value = text if isinstance(text, bytes) else text.encode("ascii")
    if len(value) % 2:
        value += b"\0" if vr in ("UI", "OB", "UN") else b" "
    return Element(tag, vr, value)


@dataclass(frozen=True, slots=True)
class Place:
    """A place to hide in. `refusable`: a reader may refuse the file. `checked_late`: only validation can notice."""

    name: str
    about: str
    hide: Callable[[Context], None]
    refusable: bool = False
    checked_late: bool = False


_registry: dict[str, Place] = {}


def place(
    name: str, about: str, *, refusable: bool = False, checked_late: bool = False
) -> Callable[[Callable[[Context], None]], Callable[[Context], None]]:
    """Register a function that hides identifiers in one place."""

    def register(function: Callable[[Context], None]) -> Callable[[Context], None]:
        if name in _registry:
            raise ValueError(f"two places are called {name}")
        _registry[name] = Place(name, about, function, refusable, checked_late)
        return function

    return register


def registry() -> Collection[Place]:
    return _registry.values()
