"""How a store talks to S3: no secrets; those come from the environment, the configuration files or the machine's role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from deident.errors import UsageProblem

__all__ = ["MIB", "SMALLEST_PART", "S3Settings"]

MIB: Final = 1 << 20
#: S3 takes no smaller part than this but for the last.
SMALLEST_PART: Final = 5 * MIB
#: S3 takes parts of up to 5 GiB, and ours may be twice as long as asked for.
_LARGEST_PART: Final = 2 << 30


@dataclass(frozen=True, slots=True)
class S3Settings:
    """What is left at None is looked up by boto3: environment, `~/.aws/config` (also its `role_arn`), the machine's role.

    Sizes in bytes, times in seconds. An object that is being written holds at most `part_threads + 4` parts in memory, one
    that is being read twice the largest window (larger single reads aside).
    """

    endpoint_url: str | None = None
    region: str | None = None
    profile: str | None = None
    #: Objects are encrypted under this key (SSE-KMS with a bucket key); None leaves it to the bucket's default.
    kms_key_id: str | None = None
    max_pool_connections: int = 32
    connect_timeout: float = 10
    read_timeout: float = 60
    #: Tries of one request in botocore, and of one range whose body broke off.
    max_attempts: int = 5
    retry_mode: Literal["standard", "adaptive"] = "standard"
    #: The first read of an object, and the least of each later one; what is read in a row grows to `largest_window`.
    window: int = 64 << 10
    largest_window: int = 4 * MIB
    #: Larger objects are written in parts of this size.
    part_size: int = 8 * MIB
    part_threads: int = 4
    #: Ranges that S3 copies by itself are cut into parts of this size or up to twice it; larger objects are copied in
    #: parts: one request must not outlast `read_timeout`.
    copy_part_size: int = 64 * MIB

    def __post_init__(self) -> None:
        small = min(self.part_size, self.copy_part_size) < SMALLEST_PART
        large = max(self.part_size, self.copy_part_size) > _LARGEST_PART
        counts = (self.max_pool_connections, self.max_attempts, self.part_threads, self.window)
        if small or large or min(counts) < 1 or self.largest_window < self.window:
            raise UsageProblem("S3 settings: parts are 5 MiB to 2 GiB, counts at least 1, windows grow")
