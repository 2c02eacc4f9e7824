"""Sealed objects: they open for their key and their place, and for nothing else."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deident.errors import (
    VaultProblem,
    VaultSchemaUnknown,
    VaultSwapped,
    VaultTampered,
    VaultTruncated,
    WrongVaultKey,
)
from deident.vault import Keys, sdk
from deident.vault.envelope import Bound, open_sealed, seal
from support.vaults import KEY, OTHER

BOUND = Bound("project", "store", "map/w/00000001", "map", "sha256:00")
KEYS = Keys([KEY])
TEXT = b"MRN-4711 " * 50
SEALED = seal(KEYS, BOUND, TEXT)
LINE = SEALED.index(b"\n") + 1


def test_a_sealed_object_opens_and_shows_nothing_of_what_it_holds() -> None:
    plaintext, head = open_sealed(KEYS, BOUND, SEALED)
    assert plaintext == TEXT
    assert head.bound == BOUND
    assert head.key == KEY.id
    assert b"MRN" not in SEALED
    assert KEY.secret not in SEALED


def test_the_message_commits_to_its_key_and_is_signed() -> None:
    # AWS Encryption SDK message format: version 2, algorithm 0x0578 (committing, ECDSA P-384)
    assert SEALED[LINE : LINE + 3] == b"\x02\x05\x78"


def test_sealing_twice_gives_other_bytes() -> None:
    assert seal(KEYS, BOUND, TEXT) != SEALED


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(WrongVaultKey):
        open_sealed(Keys([OTHER]), BOUND, SEALED)


def test_any_of_several_keys_opens_what_it_sealed() -> None:
    assert open_sealed(Keys([OTHER, KEY]), BOUND, SEALED)[0] == TEXT


@pytest.mark.parametrize(
    ("part", "value"), [("project", "q"), ("store", "t"), ("name", "map/w/00000002"), ("purpose", "secret")]
)
def test_an_object_in_a_place_that_is_not_its_own_is_swapped(part: str, value: str) -> None:
    with pytest.raises(VaultSwapped):
        open_sealed(KEYS, replace(BOUND, **{part: value}), SEALED)


@pytest.mark.parametrize("part", ["project", "store", "name", "purpose", "previous"])
def test_a_clear_line_that_lies_about_the_place_does_not_open(part: str) -> None:
    """The line is rewritten to say what is expected; the message knows better."""
    lie = replace(BOUND, **{part: "lie"})
    line = SEALED[:LINE].replace(getattr(BOUND, part).encode(), b"lie", 1)
    if part == "purpose":
        line = SEALED[:LINE].replace(b'"purpose":"map"', b'"purpose":"lie"')
    with pytest.raises(VaultTampered):
        open_sealed(KEYS, lie, line + SEALED[LINE:])


def test_a_clear_line_that_names_another_key_does_not_open() -> None:
    forged = SEALED[:LINE].replace(KEY.id.encode(), OTHER.id.encode()) + SEALED[LINE:]
    for keys in (Keys([KEY]), Keys([KEY, OTHER])):
        with pytest.raises(VaultTampered):
            open_sealed(keys, BOUND, forged)


@pytest.mark.parametrize("context", [{}, None])
def test_the_message_alone_does_not_open_without_its_context(context: dict[str, str] | None) -> None:
    """Behind our own checks: the SDK itself refuses, as every key of the context is required."""
    with pytest.raises(Exception, match="context"):
        sdk._client.decrypt(
            source=SEALED[LINE:],
            materials_manager=sdk._manager(KEY.keyring(), BOUND.context(KEY.id)),
            encryption_context=context,
        )


@pytest.mark.parametrize("missing", sorted(BOUND.context("k")))
def test_every_single_key_of_the_context_is_needed(missing: str) -> None:
    context = BOUND.context(KEY.id)
    less = {key: value for key, value in context.items() if key != missing}
    with pytest.raises(Exception, match="required keys"):
        sdk._client.decrypt(
            source=SEALED[LINE:],
            materials_manager=sdk._manager(KEY.keyring(), context),
            encryption_context=less,
        )
    with pytest.raises(Exception, match=r".+"):
        sdk.decrypt(KEY.keyring(), less, SEALED[LINE:])
    with pytest.raises(Exception, match=r".+"):
        sdk.decrypt(KEY.keyring(), {**context, missing: "other"}, SEALED[LINE:])


@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_no_changed_byte_goes_unnoticed(position: int, change: int) -> None:
    data = bytearray(SEALED)
    data[position] ^= change
    with pytest.raises(VaultProblem):
        open_sealed(KEYS, BOUND, bytes(data))


def test_no_changed_byte_of_the_clear_line_goes_unnoticed() -> None:
    for position, change in itertools.product(range(LINE), (1, 32, 128)):
        data = bytearray(SEALED)
        data[position] ^= change
        with pytest.raises(VaultProblem):
            open_sealed(KEYS, BOUND, bytes(data))


@pytest.mark.slow
def test_no_changed_byte_of_the_message_goes_unnoticed() -> None:
    for position in range(LINE, len(SEALED)):
        data = bytearray(SEALED)
        data[position] ^= 1
        with pytest.raises(VaultTampered):
            open_sealed(KEYS, BOUND, bytes(data))


@given(st.integers(0, len(SEALED) - 1))
def test_an_object_that_ends_early_is_called_truncated(length: int) -> None:
    with pytest.raises(VaultTruncated):
        open_sealed(KEYS, BOUND, SEALED[:length])


@given(st.binary(min_size=1, max_size=50))
def test_bytes_after_the_end_are_tampering(more: bytes) -> None:
    with pytest.raises(VaultTampered):
        open_sealed(KEYS, BOUND, SEALED + more)
    size = len(SEALED) - LINE
    line = SEALED[:LINE].replace(b'"size":%d' % size, b'"size":%d' % (size + len(more)))
    with pytest.raises(VaultTampered):
        open_sealed(KEYS, BOUND, line + SEALED[LINE:] + more)


def test_a_later_schema_is_named_as_such() -> None:
    with pytest.raises(VaultSchemaUnknown):
        open_sealed(KEYS, BOUND, SEALED.replace(b"deident-vault/1", b"deident-vault/2", 1))


@given(st.binary(max_size=5000))
def test_other_bytes_are_a_named_error(data: bytes) -> None:
    with pytest.raises(VaultProblem):
        open_sealed(KEYS, BOUND, data)


def test_no_message_of_an_error_quotes_what_was_sealed(caplog: pytest.LogCaptureFixture) -> None:
    data = bytearray(SEALED)
    data[-150] ^= 1
    with pytest.raises(VaultTampered) as caught:
        open_sealed(KEYS, BOUND, bytes(data))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert str(caught.value) == f"an object of the vault is not what was written ({BOUND.name})"
    assert caplog.text == ""
