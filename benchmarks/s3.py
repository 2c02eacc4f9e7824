"""The S3 part: discovery and transfer beside plain boto3 loops, on a real server.  python -m benchmarks.s3 CT-FOLDER"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.measure import CommandError, Usage

ROOT: Final = Path(__file__).parent.parent
RUNNER: Final = Path(__file__).with_name("runners") / "s3_ways.py"
BUCKETS: Final = ("bench-source", "bench-target")
#: The way that needs a run before it, which is not measured.
AGAIN: Final = "discover-again"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to do a job; `does` for the table. The first of a job is what the others are compared with."""

    name: str
    does: str
    ours: bool = False


JOBS: Final[dict[str, tuple[str, tuple[Way, ...]]]] = {
    "headers": (
        "Headers of {headers:,} CT objects in S3",
        (
            Way("boto3-whole-1", "plain loop: list, get_object, read; header parsed"),
            Way("boto3-whole-16", "the same, 16 threads"),
            Way("boto3-range-16", "get_object of the first 64 KiB by hand, 16 threads; fails on longer headers"),
            Way("store-1", "S3Store: list, open, header; one thread", ours=True),
            Way("store-16", "the same, 16 threads", ours=True),
            Way("discover", "what a run does: 24 threads, studies and fingerprints, nothing read before", ours=True),
            Way(AGAIN, "the same in a later run: listed, looked up in the index, no header read", ours=True),
        ),
    ),
    "small": (
        "{objects:,} CT objects from bucket to bucket",
        (
            Way("boto3-get-put-16", "plain loop: get_object, put_object; 16 threads"),
            Way("boto3-copy-16", "copy_object; 16 threads; unconditional, metadata come along"),
            Way("store-copy-16", "S3Store.copy_from: pinned, conditional, metadata left behind; 16 threads", ours=True),
            Way(
                "store-stream-16", "S3Store.copy_from between two endpoints: through the client; 16 threads", ours=True
            ),
        ),
    ),
    "large": (
        "One object of {megabytes:,} MB from bucket to bucket, with a new header",
        (
            Way("boto3-read-put", "get_object, read, put_object: all in memory"),
            Way("boto3-transfer", "download_file, new header, upload_file (10 threads): through a file"),
            Way("store-stream", "S3Store.write between two endpoints: through the client in parts", ours=True),
            Way("store-splice", "S3Store.write: header sent, the rest copied by S3", ours=True),
        ),
    ),
}


def main(argv: list[str] | None = None) -> int:
    """Measure; print a JSON document with sections (title, table) and results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", type=Path, help="a folder of DICOM files, stored as often as --objects needs")
    parser.add_argument("--objects", type=int, default=1000, help="how many are transferred (default: %(default)s)")
    parser.add_argument("--headers", type=int, help="how many are discovered (default: ten times as many)")
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(argv)
    options.headers = options.headers or 10 * options.objects
    sys.path.insert(0, str(ROOT / "tests"))
    sections, results = [], {}
    for job, (title, ways) in JOBS.items():
        table, rows = _measured(job, ways, options)
        sections.append((title.format(**vars(options)), table))
        results[job] = rows
    print(json.dumps({"sections": sections, "results": results}))
    return 0


def _measured(job: str, ways: Sequence[Way], options: argparse.Namespace) -> tuple[str, list[dict[str, Any]]]:
    """The table of a job and its figures, from a server of its own: what a job leaves in it takes space."""
    from s3tools.proxy import FaultProxy  # noqa: PLC0415 - the room of the tests lends its server
    from s3tools.server import S3Server  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="deident-bench-s3-") as folder:
        server, home = S3Server(Path(folder) / "server"), Path(folder) / "home"
        try:
            server.start()
            for bucket in BUCKETS:
                server.make_bucket(bucket)
            if job == "large":
                _fill_large(server, options.megabytes)
            else:
                _fill(server, options.inputs, options.headers if job == "headers" else options.objects)
            proxy = FaultProxy(server.endpoint)
            found = _measure(job, ways, server.endpoint, proxy, options.rounds, home)
            proxy.stop()
        finally:
            server.stop()
    return found


def _fill(server: Any, inputs: Path, count: int) -> None:
    files = sorted(inputs.iterdir())
    plain = server.client(max_pool_connections=16)

    def put(number: int) -> None:
        body = files[number % len(files)].read_bytes()
        plain.put_object(Bucket=BUCKETS[0], Key=f"ct/{number:06d}.dcm", Body=body)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(count)))


def _fill_large(server: Any, megabytes: int) -> None:
    plain, block = server.client(), os.urandom(1_000_000) * 50
    upload = plain.create_multipart_upload(Bucket=BUCKETS[0], Key="large.dcm")
    place = {"Bucket": BUCKETS[0], "Key": "large.dcm", "UploadId": upload["UploadId"]}
    parts = []
    for number in range(1, max(megabytes // 50, 1) + 1):
        answer = plain.upload_part(**place, PartNumber=number, Body=block)
        parts.append({"PartNumber": number, "ETag": answer["ETag"]})
    plain.complete_multipart_upload(**place, MultipartUpload={"Parts": parts})


def _measure(
    job: str, ways: Sequence[Way], endpoint: str, proxy: Any, rounds: int, home: Path
) -> tuple[str, list[dict[str, Any]]]:
    taken: dict[str, list[Usage]] = {way.name: [] for way in ways}
    if AGAIN in taken:
        _run(job, AGAIN, endpoint, home)
    for number in range(1, rounds + 1):
        for way in ways:
            print(f"  s3 {job}, round {number} of {rounds}: {way.name}", file=sys.stderr, flush=True)
            taken[way.name].append(_run(job, way.name, endpoint, home))
    moved: dict[str, int] = {}
    for way in ways:  # counted in a run of its own: the proxy costs time
        proxy.reset()
        _run(job, way.name, proxy.url, home)
        moved[way.name] = proxy.moved()
    rows = [
        {"way": name, "cpu": [u.cpu for u in uses], "wall": [u.wall for u in uses], "moved": moved[name]}
        for name, uses in taken.items()
    ]
    return _table(ways, taken, moved), rows


def _run(job: str, way: str, endpoint: str, home: Path) -> Usage:
    from s3tools.server import ADMIN, REGION, secret_of  # noqa: PLC0415

    credentials = {"AWS_ACCESS_KEY_ID": ADMIN, "AWS_SECRET_ACCESS_KEY": secret_of(ADMIN), "AWS_DEFAULT_REGION": REGION}
    command = [sys.executable, str(RUNNER), job, way, endpoint, *BUCKETS, str(home)]
    # Not measure(): it waits for every child of this process, and the server is one.
    start = time.perf_counter()
    process = subprocess.Popen(command, env=os.environ | credentials, stdin=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise CommandError(f"{way} ended with {process.returncode}")
    return Usage(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024)


def _table(ways: Sequence[Way], taken: dict[str, list[Usage]], moved: dict[str, int]) -> str:
    """Ratios round by round to the first way, their medians; the bytes of bodies that went through the client."""
    lines = ["| way | wall / first | CPU / first | MB through the client | what it does |", "|---|---|---|---|---|"]
    base = taken[ways[0].name]
    for way in ways:
        uses = taken[way.name]
        ratios = [
            statistics.median(getattr(use, what) / getattr(first, what) for use, first in zip(uses, base, strict=True))
            for what in ("wall", "cpu")
        ]
        name = f"**{way.name}**" if way.ours else way.name
        lines.append(f"| {name} | {ratios[0]:.2f} | {ratios[1]:.2f} | {moved[way.name] / 1e6:.1f} | {way.does} |")
    seconds = f"{statistics.median(u.wall for u in base):.1f} s, CPU {statistics.median(u.cpu for u in base):.1f} s"
    return "\n".join(
        [*lines, "", f"The first took {seconds}; the server runs on the same machine and shares its cores."]
    )


if __name__ == "__main__":
    sys.exit(main())
