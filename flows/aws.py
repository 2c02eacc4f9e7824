"""Credentials for S3 from a block of Prefect (prefect-aws), by its name: they are in Prefect and in memory, nowhere else."""

from __future__ import annotations

import contextlib
import importlib
from dataclasses import dataclass
from typing import Any, Final

from deident.errors import PlaceProblem
from deident.roots import Session

__all__ = ["BLOCK_PATTERN", "BlockSession"]

#: The kinds of blocks that hold AWS credentials, and the name of one: what a run stores, and all that it stores of them.
BLOCK_PATTERN: Final = r"^(aws-credentials|s3-bucket)/[a-z0-9]+(-[a-z0-9]+)*$"


@dataclass(frozen=True)
class BlockSession:
    """Loads the block where a session is needed; to worker processes its name alone is handed."""

    name: str

    def __call__(self) -> Session:
        """Raises PlaceProblem when there is no such block, or its type is not installed here."""
        from prefect.blocks.core import Block  # noqa: PLC0415 - worker processes import Prefect for a block alone

        with contextlib.suppress(ImportError):
            importlib.import_module("prefect_aws")  # makes its blocks known by their types
        with contextlib.suppress(Exception):  # whatever it is: its text may hold a secret
            block: Any = Block.load(self.name)
            credentials = block.credentials if hasattr(block, "credentials") else block
            session: Session = credentials.get_boto3_session()
            return session
        raise PlaceProblem(
            "the AWS block of that name cannot be used: is it registered, and deident[aws-blocks] installed?"
        )
