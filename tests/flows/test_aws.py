"""Credentials for S3 from a block of Prefect: how it is named, and what a missing one says.

A run with a real one: tests/s3flow/test_block.py.
"""

from __future__ import annotations

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from deident.errors import PlaceProblem
from deident.flows.aws import BlockSession
from deident.flows.parameters import DeidentifyParameters


def test_a_block_is_named_by_its_kind_and_name_and_by_nothing_else() -> None:
    job = DeidentifyParameters(source="a", destination="b", aws_block="s3-bucket/site")
    assert job.sessions() == BlockSession("s3-bucket/site")
    assert DeidentifyParameters(source="a", destination="b").sessions() is None
    for wrong in ("site", "secret/site", "aws-credentials/Site", "aws-credentials/AKIA SECRET", "json/x"):
        with pytest.raises(ValueError, match="aws_block"):
            DeidentifyParameters(source="a", destination="b", aws_block=wrong)


def test_a_block_that_is_not_there_is_a_problem_of_the_place() -> None:
    nowhere = temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"})
    with nowhere, pytest.raises(PlaceProblem, match="block") as caught:
        BlockSession("aws-credentials/none")()
    assert caught.value.__context__ is None
    assert "none" not in str(caught.value)
