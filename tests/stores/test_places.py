"""Places: what is a folder, what is S3, what is refused, and which lie in each other."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deident.errors import PlaceProblem
from deident.stores import FolderStore
from deident.stores.places import S3Place, apart, is_s3, open_store, parse_s3
from deident.stores.s3 import S3Store


@pytest.mark.parametrize(
    ("uri", "bucket", "prefix"),
    [
        ("s3://bucket", "bucket", ""),
        ("s3://bucket/", "bucket", ""),
        ("s3://a.bucket-1/some/prefix/", "a.bucket-1", "some/prefix"),
        ("S3://bucket/Müller #1 100%25", "bucket", "Müller #1 100%25"),
    ],
)
def test_a_uri_of_s3_names_bucket_and_prefix(uri: str, bucket: str, prefix: str) -> None:
    assert is_s3(uri)
    assert parse_s3(uri) == S3Place(bucket, prefix)
    assert isinstance(open_store(uri), S3Store)
    assert parse_s3(parse_s3(uri).uri) == parse_s3(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "s3://AKIASECRET:secret@bucket/prefix",
        "s3://secret@bucket",
        "s3://bucket:9000/secret",
        "s3://bucket/prefix?endpoint=secret",
        "s3://bucket?X-Amz-Signature=secret",
        "s3://arn:aws:s3:eu-central-1:1:accesspoint/secret",
        "s3://",
        "s3:///secret",
        "s3://Secret/x",
        "s3://ab",
        "s3://bucket/../secret",
        "s3://bucket//secret",
        "s3://bucket/secret/./x",
        "s3:/bucket/secret",
        "gs://secret/x",
        "https://secret.s3.amazonaws.com/x",
        "file:///secret",
    ],
)
def test_what_is_no_place_is_refused_without_repeating_it(uri: str) -> None:
    with pytest.raises(PlaceProblem) as caught:
        open_store(uri)
    assert "secret" not in str(caught.value).lower()
    assert "bucket/prefix" not in str(caught.value).replace("s3://bucket/prefix", "")
    assert caught.value.__context__ is None


def test_a_uri_that_went_through_pathlib_does_not_become_a_folder() -> None:
    with pytest.raises(PlaceProblem):
        open_store(Path("s3://bucket/prefix"))


def test_everything_else_is_a_folder(tmp_path: Path) -> None:
    for place in (tmp_path, str(tmp_path), "relative/folder", "with:colon", "s3"):
        assert not is_s3(place)
        assert isinstance(open_store(place), FolderStore)


def test_a_place_does_not_show_where_it_is() -> None:
    assert "Doe" not in repr(parse_s3("s3://bucket/Doe")) + repr(open_store("s3://bucket/Doe"))


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ("s3://bucket/a", "s3://bucket/a/", "source and released are the same place"),
        ("s3://bucket", "s3://bucket/", "source and released are the same place"),
        ("s3://bucket/a/b", "s3://bucket/a", "source lies inside released"),
        ("s3://bucket", "s3://bucket/a", "released lies inside source"),
    ],
)
def test_places_in_each_other_are_refused(first: str, second: str, message: str) -> None:
    with pytest.raises(PlaceProblem, match=message):
        apart({"source": first, "released": second})


def test_places_beside_each_other_are_fine(tmp_path: Path) -> None:
    apart({"a": "s3://bucket/a", "b": "s3://bucket/ab", "c": "s3://bucket-2/a", "d": str(tmp_path), "e": tmp_path})


@given(st.lists(st.sampled_from("ab"), max_size=4), st.lists(st.sampled_from("ab"), max_size=4))
def test_two_prefixes_are_apart_unless_one_begins_the_other(first: list[str], second: list[str]) -> None:
    nested = first[: len(second)] == second or second[: len(first)] == first
    places = {"one": "s3://bucket/" + "/".join(first), "two": "s3://bucket/" + "/".join(second)}
    if nested:
        with pytest.raises(PlaceProblem):
            apart(places)
    else:
        apart(places)
