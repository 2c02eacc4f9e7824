"""The offset of a patient, days and seconds: the first instances tell it, all others must have it (RULES section 6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from deident.validation.clock import Moment, read, read_time, written

__all__ = ["Offset"]

_ONE_DAY: Final = timedelta(days=1)
_HOUR: Final = 3_600
_HALF_A_DAY: Final = 43_200
_DUMMY: Final = "000000"

#: A value (of DA, DT or TM) and the value of the time that belongs to it ("" when none does).
Text = tuple[str, str]


@dataclass(slots=True)
class Offset:
    """Days and seconds of less than half a day by which everything is earlier; None until a value has told them."""

    days: int | None = None
    seconds: int | None = None

    def learn(self, values: Iterable[tuple[str, Sequence[Text], Text]]) -> None:
        """Take VR, what stood at a place, and what stands there now; places where only one thing stood tell the offset."""
        if self.days is not None and self.seconds is not None:
            return
        for vr, olds, new in values:
            if len(olds) == 1 and "\\" not in olds[0][0]:
                self._learn(vr, olds[0], new)

    def _learn(self, vr: str, old: Text, new: Text) -> None:
        before, after = _read(vr, *old), _read(vr, *new)
        if before is None or after is None or not before.exact or not after.exact:
            if vr != "DA" or (before := _read(vr, old[0], "")) is None or (after := _read(vr, new[0], "")) is None:
                return
            if self.days is None and not old[1]:
                self.days = (before.middle - after.middle).days
            return
        whole = before.middle - after.middle
        days = (whole + _ONE_DAY / 2) // _ONE_DAY
        seconds = int((whole - days * _ONE_DAY).total_seconds())
        if not _HOUR <= abs(seconds) < _HALF_A_DAY:
            return
        if self.seconds is None:
            self.seconds = seconds
        if self.days is None and vr != "TM":
            self.days = days

    def leads_to(self, vr: str, old: Text, new: Text) -> bool:
        """Whether a value has become another one. A time that is not there any more leaves its date alone."""
        olds, news = old[0].split("\\"), new[0].split("\\")
        if len(olds) != len(news):
            return False
        if vr == "TM" and any(_is_zero(part) for part in olds):
            return False  # what stands for no time takes the others with it
        alone = [""] * len(olds)
        times = _times(old[1], len(olds)) or alone if new[1] else alone
        if all(self._moved(vr, a, t, b) for a, t, b in zip(olds, times, news, strict=True)):
            return True
        gone = any(part.strip() == _DUMMY for part in new[1].split("\\"))
        return gone and all(self._moved(vr, a, "", b) for a, b in zip(olds, news, strict=True))

    def _moved(self, vr: str, old: str, time: str, new: str) -> bool:
        old, new = old.strip(), new.strip()
        if not old or not new:
            return old == new
        moment = _read(vr, old, time)
        if moment is None:
            return False
        if self.seconds is None or self.days is None:
            return self._at_least(vr, moment, old, new)
        found = written(moment, self.days if vr != "TM" else 0, self.seconds)
        if found is None:
            return False
        date, clock = found
        return new == (date if vr == "DA" else clock if vr == "TM" else date + clock + moment.zone)

    def _at_least(self, vr: str, moment: Moment, old: str, new: str) -> bool:
        """What can be said before the whole offset is known: it is another value, and an earlier one."""
        if self.seconds is not None and vr == "TM":
            found = written(moment, 0, self.seconds)
            return found is not None and found[1] == new
        after = _read(vr, new, "")
        return new != old and after is not None and (vr == "TM" or after.middle < moment.middle)


def _read(vr: str, text: str, time: str) -> Moment | None:
    return read_time(text) if vr == "TM" else read(text, time)


def _is_zero(text: str) -> bool:
    return bool(text.strip()) and not text.strip(" 0:.")


def _times(text: str, wanted: int) -> list[str]:
    """The times of as many dates; nothing when there are more or fewer, or one of them is none."""
    parts = [part.strip() for part in text.split("\\")]
    if len(parts) != wanted or any(part and read_time(part) is None for part in parts):
        return []
    return parts
