"""The bill of materials of requirements.lock: names, versions, hashes from the lock, licences from installed metadata.

    python tools/sbom.py licences     one line per package: name, version, licence
    python tools/sbom.py cyclonedx    CycloneDX 1.6 JSON on standard output

Reads what is on this machine only. The same lock and the same environment always give the same bytes.
"""

from __future__ import annotations

import json
import re
import sys
import uuid
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
LOCK: Final = ROOT / "requirements.lock"
UNKNOWN: Final = "not installed here"

_ENTRY: Final = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)(?: ; (?P<marker>[^\\]+))?", re.MULTILINE)
_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_CLASSIFIER: Final = "License :: OSI Approved :: "


@dataclass(frozen=True, slots=True)
class Package:
    """One entry of the lock. `marker` is the environment marker, empty when it is installed everywhere."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    licence: str


def read_lock(path: Path = LOCK) -> list[Package]:
    """The packages that the lock names, in its order."""
    text = path.read_text(encoding="utf-8")
    entries = list(_ENTRY.finditer(text))
    ends = [e.start() for e in entries[1:]] + [len(text)]
    return [
        Package(
            name=e["name"],
            version=e["version"],
            marker=(e["marker"] or "").strip(),
            hashes=tuple(_HASH.findall(text, e.end(), end)),
            licence=licence_of(e["name"], e["version"]),
        )
        for e, end in zip(entries, ends, strict=True)
    ]


def licence_of(name: str, version: str) -> str:
    """What the metadata of the installed package says: its expression, its classifiers, or a first line."""
    try:
        distribution = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return UNKNOWN
    if distribution.version != version:
        return UNKNOWN
    about = distribution.metadata.json
    if expression := about.get("license_expression"):
        return str(expression)
    classifiers = [c.removeprefix(_CLASSIFIER) for c in about.get("classifier", []) if c.startswith(_CLASSIFIER)]
    if classifiers:
        return " / ".join(classifiers)
    lines = str(about.get("license") or "").strip().splitlines()
    return lines[0] if lines else "not stated"


def cyclonedx(packages: list[Package], name: str, version: str) -> dict[str, Any]:
    """The document as CycloneDX 1.6 has it; its serial number is derived from the packages."""
    content = "\n".join(f"{p.name}=={p.version} {' '.join(p.hashes)}" for p in packages)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, content)}",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": name, "name": name, "version": version}},
        "components": [_component(p) for p in packages],
        "dependencies": [{"ref": name, "dependsOn": [_purl(p) for p in packages]}],
    }


def _component(package: Package) -> dict[str, Any]:
    result: dict[str, Any] = {
        "type": "library",
        "bom-ref": _purl(package),
        "name": package.name,
        "version": package.version,
        "purl": _purl(package),
        "scope": "required",
    }
    # One reference per file that the index offers (wheels of several platforms, source): each has its own hash.
    result["externalReferences"] = [
        {"type": "distribution", "url": _purl(package), "hashes": [{"alg": "SHA-256", "content": value}]}
        for value in package.hashes
    ]
    if package.licence not in {UNKNOWN, "not stated"}:
        result["licenses"] = [{"license": {"name": package.licence}}]
    if package.marker:
        result["properties"] = [{"name": "deident:marker", "value": package.marker}]
    return result


def _purl(package: Package) -> str:
    return f"pkg:pypi/{package.name}@{package.version}"


def main(arguments: list[str]) -> int:
    packages = read_lock()
    if arguments == ["licences"]:
        for package in packages:
            print(f"{package.name:28} {package.version:14} {package.licence}")
        return 0
    if arguments == ["cyclonedx"]:
        print(json.dumps(cyclonedx(packages, "deident", metadata.version("deident")), indent=1))
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
