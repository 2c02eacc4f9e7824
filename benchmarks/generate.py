"""Write the inputs of the benchmark; the same bytes on every machine, and nothing of any patient.

python -m benchmarks.generate --slices 1000 FOLDER
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pydicom.dataset import Dataset

from benchmarks.builder import save
from benchmarks.ct import ct_instance, ct_series
from benchmarks.mr import mr_instance, mr_series
from benchmarks.multiframe import write_multiframe

__all__ = ["generate_ct", "generate_mr", "main"]

_SERIES: Final = 2
#: 2,040 frames are 1 GiB less 4 MiB of pixels; with the functional groups, 1 GB.
FRAMES: Final = 2040


def generate_ct(folder: Path, count: int, studies: int = 4) -> None:
    """Write `count` slices into one flat folder, as some of the tools want it."""
    _generate(folder, count, studies, ct_series, ct_instance)


def generate_mr(folder: Path, count: int, studies: int = 4) -> None:
    """Write `count` images into one flat folder."""
    _generate(folder, count, studies, mr_series, mr_instance)


def _generate(
    folder: Path,
    count: int,
    studies: int,
    make: Callable[[int, int], Dataset],
    change: Callable[[Dataset, int, int, int], None],
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    parts = [(study, series) for study in range(1, studies + 1) for series in range(1, _SERIES + 1)]
    written = 0
    for place, (study, series) in enumerate(parts):
        ds = make(study, series)
        share = count * (place + 1) // len(parts) - count * place // len(parts)
        for number in range(1, share + 1):
            written += 1
            change(ds, study, series, number)
            save(ds, folder / f"{written:05d}.dcm")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--slices", type=int, default=1000)
    parser.add_argument("--frames", type=int, default=FRAMES, help="of the multi-frame; 0 for none")
    options = parser.parse_args()
    generate_ct(options.folder / "ct", options.slices)
    generate_mr(options.folder / "mr", options.slices)
    generate_ct(options.folder / "one", 1, 1)
    if options.frames:
        (options.folder / "large").mkdir(parents=True, exist_ok=True)
        write_multiframe(options.folder / "large" / "large.dcm", options.frames)


if __name__ == "__main__":
    main()
