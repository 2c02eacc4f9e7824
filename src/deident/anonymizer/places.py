"""Which places a call may have: no output where originals lie, nothing that only looks like a file."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field

from deident.errors import PlaceProblem, UsageProblem
from deident.home import check_apart
from deident.roots import check_all_apart
from deident.stores.places import apart, is_s3, parse_s3, split_s3

__all__ = ["Path", "Places", "audit_place", "check_list", "directory_places", "file_places"]

Path = str | os.PathLike[str]

_INPUT = "the input"
_OUTPUT = "the output"
_LIST = "the patient list"


@dataclass(frozen=True, slots=True)
class Places:
    """Input and output: absolute folders, or `s3://bucket/prefix`.

    For a single file `key` is its name in `source`; `name` that of its output,
    None when it is to be made of pseudonyms."""

    source: str = field(repr=False)
    root: str = field(repr=False)
    key: str | None = field(default=None, repr=False)
    name: str | None = field(default=None, repr=False)


def file_places(given: Path, output: Path) -> Places:
    """Places of a call for one file. Raises UsageProblem with the reason when they cannot be used.

    An output in S3 that ends in `.dcm` is the name of the object, anything else is where to put it.
    """
    source, target = _absolute(given, _INPUT), _absolute(output, _OUTPUT)
    folder, key = _source_file(source)
    if is_s3(target):
        apart({_INPUT: source, _OUTPUT: target})
        if not target.endswith(".dcm"):
            return Places(folder, target, key)
        root, name = split_s3(target)
        return Places(folder, root, key, name)
    if os.path.isdir(target):
        if _inside(source, target):
            raise PlaceProblem("the input lies inside the output folder: name an output file, or another folder")
        return Places(folder, target, key)
    if os.fspath(output).endswith(os.sep):
        raise PlaceProblem("the output folder does not exist")
    root, name = os.path.split(target)
    if not os.path.isdir(root):
        raise PlaceProblem("the folder of the output does not exist")
    _check_replaceable(target, _OUTPUT)
    if _same(source, target):
        raise PlaceProblem("input and output are the same file")
    return Places(folder, root, key, name)


def _source_file(source: str) -> tuple[str, str]:
    """Folder and name, or prefix and key, of a single input."""
    if is_s3(source):
        return split_s3(source)
    if not os.path.lexists(source):
        raise PlaceProblem("the input does not exist or cannot be reached")
    if os.path.isdir(source):
        raise UsageProblem("the input is a folder: use --batch (anonymize_directory in Python)")
    return os.path.split(source)


def directory_places(given: Path, output: Path) -> Places:
    """Places of a call for a folder. Raises UsageProblem with the reason when they cannot be used."""
    source, root = _absolute(given, _INPUT), _absolute(output, _OUTPUT)
    if not is_s3(source):
        if not os.path.lexists(source):
            raise PlaceProblem("the input does not exist or cannot be reached")
        if not os.path.isdir(source):
            raise UsageProblem("the input is no folder: leave --batch out (anonymize_file in Python)")
    if not is_s3(root) and os.path.lexists(root) and not os.path.isdir(root):
        raise PlaceProblem("the output is no folder")
    check_all_apart({_INPUT: source, _OUTPUT: root})
    return Places(source, root)


def audit_place(audit: Path, places: Places, *, overwrite: bool) -> str:
    """Absolute path of an audit log that destroys nothing. Raises UsageProblem when it would."""
    target = _absolute(audit, "the audit log")
    if is_s3(target):
        raise PlaceProblem("the audit log is a file: it cannot be written to S3")
    folder = os.path.dirname(target)
    if not os.path.isdir(folder):
        raise PlaceProblem("the folder of the audit log does not exist")
    _check_replaceable(target, "the audit log")
    if os.path.lexists(target) and not overwrite:
        raise PlaceProblem("the audit log exists already: use --overwrite, or another name")
    if places.key is None or is_s3(places.source):
        if not is_s3(places.source) and _inside(target, places.source):
            raise PlaceProblem("the audit log lies inside the input")
    elif _same(target, os.path.join(places.source, places.key)):
        raise PlaceProblem("the audit log is the input")
    if places.name is None or is_s3(places.root):
        return target
    if os.path.realpath(target) == os.path.realpath(os.path.join(places.root, places.name)):
        raise PlaceProblem("the audit log is the output")
    return target


def check_list(patients: Path, places: Places, audit: Path | None = None) -> None:
    """Raise PlaceProblem when the patient list would be handed out with the outputs, or overwritten by one or by `audit`."""
    source = _absolute(patients, _LIST)
    if is_s3(places.root):
        pass  # a file is in no bucket
    elif places.name is None:
        check_apart({_LIST: source, _OUTPUT: places.root})
    elif _same(source, os.path.join(places.root, places.name)):
        raise PlaceProblem("the patient list is the output")
    if audit is not None and _same(source, _absolute(audit, "the audit log")):
        raise PlaceProblem("the patient list is the audit log")


def _absolute(path: Path, role: str) -> str:
    text = os.fsdecode(path)
    if not text or "\0" in text:
        raise PlaceProblem(f"{role} has no valid name")
    if is_s3(text):
        return parse_s3(text).uri
    return os.path.abspath(os.path.expanduser(text))


def _check_replaceable(path: str, role: str) -> None:
    """What stands at a place that will be written to must be a regular file: a device must never be replaced by one."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    except OSError:
        mode = 0
    if not stat.S_ISREG(mode):
        raise PlaceProblem(f"{role} is a folder, link, pipe or device and no regular file")


def _inside(inner: str, outer: str) -> bool:
    try:
        check_apart({"inner": inner, "outer": outer})
    except PlaceProblem:
        return True
    return False


def _same(left: str, right: str) -> bool:
    return os.path.exists(left) and os.path.exists(right) and os.path.samefile(left, right)
