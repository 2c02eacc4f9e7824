"""Whole runs from bucket to bucket: the site of a test, its studies, and what stands in its buckets afterwards."""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pydicom
from pydicom.uid import ExplicitVRLittleEndian

from deident.context import Context
from deident.discovery import discover
from deident.engine.segments import SourceRange
from deident.home import ProjectHome
from deident.job import Job
from deident.pseudonyms import ProjectKey
from deident.report import ReportFiles, RunReport, build_report, write_report
from deident.roots import Roots
from deident.stores import FolderStore, Store
from deident.stores.places import open_store
from deident.stores.s3 import S3Store
from deident.study import process_study
from deident.vault import Vault, keys_at_hand
from s3tools.server import S3Server
from support.studies import NAME, PATIENT_ID, write_instance, write_study

__all__ = ["BUCKETS", "PLANTED", "Site", "scan", "whole_run"]

BUCKETS: Final = ("site-source", "site-staging", "site-released", "site-ledger", "site-vault", "site-audit")
#: The start of every planted UID, the patient and a part of the name.
_MIB: Final = 1 << 20
#: Frames are uploaded so many at a time, and put together inside the server.
_BLOCK: Final = 64
PLANTED: Final = (NAME, PATIENT_ID, "1.2.826.0.1.3680043", "Penelope")


@dataclass
class Site:
    """Buckets, and a home that holds the word where they are and locks, no more."""

    folder: Path
    server: S3Server
    prefix: str = field(default_factory=lambda: uuid.uuid4().hex)
    lease_seconds: int = 5

    def __post_init__(self) -> None:
        self.home = self.folder / "site-home"
        self.home.mkdir(parents=True)
        self.write_places()

    def place(self, name: str, part: str = "") -> str:
        return f"s3://site-{name}/{self.prefix}{part}"

    def write_places(self, folder: Path | None = None) -> None:
        """`places.toml` of this home, or of that of another machine."""
        lines = [f'{name} = "{place}"\n' for name, place in self.places().items()]
        text = f"lease_seconds = {self.lease_seconds}\n[places]\n" + "".join(lines)
        home = folder or self.home
        home.mkdir(exist_ok=True)
        (home / "places.toml").write_text(text)

    def places(self) -> dict[str, str]:
        return {
            "staging": self.place("staging"),
            "ledger": self.place("ledger"),
            "vault": self.place("vault"),
            "audit": self.place("audit", "/audit"),
            "reports": self.place("audit", "/reports"),
            "qa": self.place("staging", "-qa"),
        }

    def store(self, name: str, part: str = "") -> Store:
        return open_store(self.place(name, part))

    def plant(self, study: str, count: int, **changes: object) -> None:
        """Upload a study of planted slices."""
        local = self.folder / f"planted-{uuid.uuid4().hex[:6]}"
        write_study(local, study, count, **changes)
        source, folder = self.store("source"), FolderStore(local)
        for entry in folder.list():
            source.copy_from(folder, entry.key, entry.key, overwrite=True)

    def plant_frames(self, study: str, frames: int, text: bytes = b"") -> int:
        """Upload a multi-frame of 1 MiB a frame, put together inside the server; its size. `text` stands in its 41st frame."""
        path = write_instance(
            self.folder / f"frames-{uuid.uuid4().hex[:6]}",
            study,
            1,
            SOPClassUID="1.2.840.10008.5.1.4.1.1.7.2",
            Rows=1024,
            Columns=1024,
            BitsAllocated=8,
            BitsStored=8,
            HighBit=7,
            PixelRepresentation=0,
            NumberOfFrames=frames,
            BurnedInAnnotation="NO",
            Modality="OT",
            PixelData=b"",
        )
        dataset = pydicom.dcmread(path)
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        dataset["PixelData"].VR = "OB"
        del dataset.DataSetTrailingPadding
        dataset.save_as(path)
        header = path.read_bytes()[:-12] + b"\xe0\x7f\x10\x00OB\0\0" + (frames * _MIB).to_bytes(4, "little")
        block = os.urandom(40 * _MIB) + text + os.urandom((_BLOCK - 40) * _MIB - len(text))
        store = self.store("source")
        assert isinstance(store, S3Store)
        store.write("block", [block])
        ranges = [SourceRange(0, min(_BLOCK, frames - done) * _MIB) for done in range(0, frames, _BLOCK)]
        with store.open("block") as opened:
            store.write("frames.dcm", [header, *ranges], opened, overwrite=True)
        store.delete("block")
        return len(header) + frames * _MIB

    def make_vault(self, secret: ProjectKey | None = None) -> Vault:
        """A vault in its bucket, which alone holds the project key."""

        home = ProjectHome.open(self.home)
        return Vault.create(Roots.of(home).open("vault"), keys_at_hand(home), secret=secret)

    def job(self, **values: object) -> Job:
        places = {"source": self.place("source"), "destination": self.place("released"), "home": str(self.home)}
        return Job.make(**{**places, "workers": 1, **values})

    def objects(self, name: str) -> dict[str, bytes]:
        """Everything below the site's prefix in a bucket, by whole key."""
        client, bucket = self.server.client(), f"site-{name}"
        found = {}
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=self.prefix):
            for entry in page.get("Contents", ()):
                found[entry["Key"]] = client.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
        return found

    def staged(self) -> list[str]:
        """What is left in staging, but for the index of headers."""
        return [key for key in self.objects("staging") if not key.startswith(f"{self.prefix}/seen/")]

    def released(self) -> dict[str, bytes]:
        """Outputs and manifests, without reports."""
        start = f"{self.prefix}/"
        found = {key.removeprefix(start): data for key, data in self.objects("released").items()}
        return {key: data for key, data in found.items() if not key.startswith("_deident/")}


def whole_run(job: Job, run: str | None = None) -> tuple[RunReport, ReportFiles]:
    """A run from discovery to report, as the flow does it, in this process."""
    with Context.open(job, run) as context:
        context.sweep()
        found = discover(context)
        outcomes = [process_study(context, study) for study in found.studies]
        report = build_report(context, found, outcomes)
        return report, write_report(context, report)


def scan(site: Site, bucket: str) -> list[str]:
    """Where planted identifiers stand: bytes, keys, metadata, headers and tags of every object, and of its versions."""
    client, found = site.server.client(), []
    for key, data in site.objects(bucket).items():
        head = client.head_object(Bucket=f"site-{bucket}", Key=key)
        tags = client.get_object_tagging(Bucket=f"site-{bucket}", Key=key)["TagSet"]
        text = json.dumps([key, head["Metadata"], dict(head["ResponseMetadata"]["HTTPHeaders"]), tags])
        forms = [planted.encode(code) for planted in PLANTED for code in ("utf-8", "utf-16-le", "utf-16-be")]
        if any(planted in text for planted in PLANTED) or any(form in data for form in forms):
            found.append(key)
    return found
