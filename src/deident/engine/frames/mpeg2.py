"""MPEG-2 video streams (ISO/IEC 13818-2): user data is overwritten in place, so that no offset moves."""

from __future__ import annotations

import re
from typing import Final

from deident.engine.frames.edits import CleanedFrame, Edits, broken

__all__ = ["clean_mpeg2"]

_START_CODE: Final = b"\x00\x00\x01"
_FIRST: Final = re.compile(rb"\x00{2,}+\x01\xb3")
# user data, end of sequence, reserved codes, and the codes of system streams: all that is not video
_NOTABLE: Final = re.compile(rb"\x00\x00\x01[\xb0-\xb2\xb6\xb7\xb9-\xff]", re.DOTALL)
_USER_DATA, _SEQUENCE_END = 0xB2, 0xB7


def clean_mpeg2(data: bytes) -> CleanedFrame:
    """Clean one elementary stream; program and transport streams and anything else raise Refusal."""
    if not _FIRST.match(data):
        raise broken("MPEG-2: no elementary video stream")
    edits = Edits(data)
    for found in _NOTABLE.finditer(data):
        code, start = data[found.end() - 1], found.end()
        if code not in (_USER_DATA, _SEQUENCE_END):
            raise broken(f"MPEG-2: start code {code:02X} is not of an elementary video stream")
        end = data.find(_START_CODE, start)
        end = len(data) if end < 0 else end
        if code == _USER_DATA:
            edits.replace(start, end, b"\xff" * (end - start), "user_data")
        else:
            edits.replace(start, end, bytes(end - start), "TRAILING")
    return edits.finish()
