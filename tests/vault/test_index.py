"""What the index notices: segments gone, cut, changed, renamed, added; heads and registers that lie."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deident.errors import VaultProblem, VaultSegmentMissing, VaultSwapped, VaultTampered, VaultTruncated
from deident.stores import MemoryStore, Store, read_all
from deident.vault import Keys, Vault, VaultWriter, export, reidentify, status, verify
from deident.vault.segments import fingerprint
from support.vaults import KEY, entries_of, everything, fill, rewrite_object, spoil


@pytest.fixture
def filled(vault: Vault) -> VaultWriter:
    return fill(vault, range(1, 5), segments=4)


def names(store: Store) -> list[str]:
    return sorted(entry.key for entry in store.list("map/"))


def refused(vault: Vault, error: type[VaultProblem]) -> None:
    """Verification names the problem, and no operation answers from what is left."""
    report = verify(vault)
    assert error in {type(problem) for problem in report.problems}, report.problems
    with pytest.raises(VaultProblem):
        reidentify(vault, [entries_of(vault, 1)[0].pseudonym])


@pytest.mark.usefixtures("filled")
def test_a_vault_counts_what_it_holds(vault: Vault) -> None:
    assert everything(vault) == {"patient": 4, "accession": 4, "study-id": 4, "uid": 16}
    found = status(vault)
    assert (found.writers, found.segments, found.keys) == (1, 4, {KEY.id: 4})
    assert found.size == sum(entry.size for entry in vault.store.list("map/"))
    assert found.problems == ()


@pytest.mark.usefixtures("filled")
def test_no_original_can_be_read_in_any_object_of_the_vault(vault: Vault) -> None:
    reidentify(vault, [entries_of(vault, 1)[0].pseudonym])
    needles = [entry.original for patient in range(1, 5) for entry in entries_of(vault, patient)]
    objects = {entry.key: read_all(vault.store, entry.key) for entry in vault.store.list()}
    assert len(objects) == 10
    for name, data in objects.items():
        for needle in needles:
            for spelled in (needle, needle.lower()):
                for encoded in (spelled.encode(), spelled.encode("utf-16-le"), spelled.encode().hex().encode()):
                    assert encoded not in data, name
                assert spelled not in name
        for patient in range(1, 5):
            assert all(entry.pseudonym.encode() not in data for entry in entries_of(vault, patient)), name


@pytest.mark.parametrize("number", range(4))
@pytest.mark.usefixtures("filled")
def test_a_missing_segment_is_noticed_wherever_it_stood(vault: Vault, number: int) -> None:
    name = names(vault.store)[number]
    vault.store.delete(name)
    refused(vault, VaultSegmentMissing)
    assert [problem.object for problem in verify(vault).problems] == [name]


@pytest.mark.usefixtures("filled")
def test_missing_segments_at_the_end_are_noticed_by_the_head(vault: Vault) -> None:
    for name in names(vault.store)[2:]:
        vault.store.delete(name)
    refused(vault, VaultSegmentMissing)


def test_a_writer_that_is_gone_with_its_head_is_noticed_by_the_register(vault: Vault, filled: VaultWriter) -> None:
    for name in (*names(vault.store), f"heads/{filled.id}.json"):
        vault.store.delete(name)
    refused(vault, VaultSegmentMissing)


def test_a_writer_that_is_gone_from_register_and_all_is_noticed_when_another_came_after(
    vault: Vault, filled: VaultWriter
) -> None:
    fill(vault, [9])
    gone = [name for name in names(vault.store) if filled.id in name]
    for name in (*gone, f"heads/{filled.id}.json", "writers/00000001.json"):
        vault.store.delete(name)
    with pytest.raises(VaultSegmentMissing):
        verify(vault)


@pytest.mark.parametrize("number", range(4))
@pytest.mark.usefixtures("filled")
def test_a_cut_segment_is_truncated(vault: Vault, number: int) -> None:
    name = names(vault.store)[number]
    spoil(vault.store, name, read_all(vault.store, name)[:-1])
    refused(vault, VaultTruncated)


@pytest.mark.usefixtures("filled")
def test_segments_that_changed_names_are_swapped(vault: Vault) -> None:
    first, second = names(vault.store)[1:3]
    one, two = read_all(vault.store, first), read_all(vault.store, second)
    spoil(vault.store, first, two)
    spoil(vault.store, second, one)
    assert {type(problem) for problem in verify(vault).problems} <= {VaultSwapped, VaultTampered}
    refused(vault, VaultTampered)


def test_a_segment_of_another_writer_is_swapped(vault: Vault, filled: VaultWriter) -> None:
    fill(vault, [9])
    first = f"map/{filled.id}/00000001"
    (other,) = (name for name in names(vault.store) if filled.id not in name)
    spoil(vault.store, first, read_all(vault.store, other))
    refused(vault, VaultSwapped)


@pytest.mark.usefixtures("filled")
def test_a_segment_of_another_vault_with_the_same_keys_is_swapped(vault: Vault) -> None:
    other = Vault.create(MemoryStore(), Keys([KEY]), secret=vault.secret)
    fill(other, [1])
    (name,) = names(other.store)
    spoil(vault.store, names(vault.store)[0], read_all(other.store, name))
    refused(vault, VaultSwapped)


def test_an_earlier_form_of_a_segment_does_not_pass_for_the_recorded_one(vault: Vault) -> None:
    """Sealed with the right key for the right place, but not what the writer recorded."""
    writer = fill(vault, [1])
    (name,) = names(vault.store)
    again = VaultWriter(vault)
    again.id = writer.id
    vault.store.delete(name)
    again._registered = True
    again._recorded = 0
    again._append({fingerprint(entry): entry for entry in entries_of(vault, 2)})
    refused(vault, VaultTampered)


@pytest.mark.parametrize("number", range(4))
@pytest.mark.usefixtures("filled")
def test_a_changed_byte_in_a_segment_is_tampering(vault: Vault, number: int) -> None:
    name = names(vault.store)[number]
    data = bytearray(read_all(vault.store, name))
    data[-200] ^= 1
    spoil(vault.store, name, bytes(data))
    refused(vault, VaultTampered)


@pytest.mark.usefixtures("filled")
def test_a_segment_of_nobody_is_tampering(vault: Vault) -> None:
    spoil(vault.store, "map/20260101T000000Z-0000000000000000/00000001", b"x")
    refused(vault, VaultTampered)
    vault.store.delete("map/20260101T000000Z-0000000000000000/00000001")
    spoil(vault.store, "map/notes.txt", b"x")
    refused(vault, VaultTampered)


def _head(writer: VaultWriter) -> str:
    return f"heads/{writer.id}.json"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        (_head, VaultTampered),
        (lambda _: "writers/00000001.json", VaultTampered),
        (lambda _: "checkpoints/00000001.json", VaultTampered),
        (lambda _: "audit/00000001.json", VaultTampered),
    ],
)
def test_a_record_that_was_not_made_with_the_secret_is_refused(
    vault: Vault, filled: VaultWriter, name: Callable[..., str], error: type[VaultProblem]
) -> None:
    reidentify(vault, ["nobody"])
    vault.checkpoints.append({"frontier": {}, "register": 1, "time": ""})
    assert everything(vault)["patient"] == 4
    rewrite_object(vault.store, name(filled), b'"mac":"hmac-sha256:', b'"mac":"hmac-sha256:0')
    try:
        problems = verify(vault).problems
    except VaultProblem as problem:
        problems = (problem,)
    assert error in {type(problem) for problem in problems}


def test_a_head_that_was_set_back_is_noticed(vault: Vault) -> None:
    writer = fill(vault, [1])
    old = read_all(vault.store, _head(writer))
    for patient in (2, 3):
        writer.seal(entries_of(vault, patient))
    spoil(vault.store, _head(writer), old)
    refused(vault, VaultTampered)


def test_a_head_of_another_writer_is_swapped(vault: Vault, filled: VaultWriter) -> None:
    other = fill(vault, [9])
    spoil(vault.store, _head(filled), read_all(vault.store, _head(other)))
    refused(vault, VaultSwapped)


@pytest.mark.usefixtures("filled")
def test_a_gap_in_the_audit_is_noticed(vault: Vault) -> None:
    for _ in range(3):
        reidentify(vault, ["nobody"])
    assert verify(vault).lookups == 3
    vault.store.delete("audit/00000002.json")
    assert [type(problem) for problem in verify(vault).problems] == [VaultSegmentMissing]


@pytest.mark.usefixtures("filled")
def test_nothing_is_exported_from_a_part_of_the_map(vault: Vault, tmp_path) -> None:
    vault.store.delete(names(vault.store)[0])
    with pytest.raises(VaultSegmentMissing):
        export(vault, tmp_path / "map.csv")
    assert list(tmp_path.glob("*.csv")) == []
