"""Making and opening a vault, and the project secret in it."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from deident.errors import (
    ConfigurationError,
    KeyProblem,
    NotFound,
    TransientProblem,
    UsageProblem,
    VaultAbsent,
    VaultProblem,
    VaultSchemaUnknown,
    VaultSwapped,
    VaultTampered,
    VaultTruncated,
    WrongVaultKey,
)
from deident.home import ProjectHome
from deident.pseudonyms import ProjectKey
from deident.stores import FolderStore, MemoryStore, Store, read_all
from deident.vault import ENV_KEY, ENV_KMS_KEY, Keys, LocalKey, Vault, keys_at_hand, project_key
from support.vaults import KEY, OTHER, everything, fill, rewrite_object, spoil

KEYS = Keys([KEY])


def test_a_vault_makes_a_secret_and_gives_it_back(store: Store) -> None:
    made = Vault.create(store, KEYS)
    opened = Vault.open(store, KEYS)
    assert opened.secret.reveal() == made.secret.reveal()
    assert (opened.project, opened.id) == (made.project, made.id)
    for entry in store.list():
        data = read_all(store, entry.key)
        assert made.secret.reveal() not in data
        assert made.secret.reveal().hex().encode() not in data


def test_a_secret_that_the_project_has_already_is_kept(store: Store) -> None:
    secret = ProjectKey.generate()
    assert Vault.create(store, KEYS, secret=secret).secret.reveal() == secret.reveal()
    assert Vault.create(store, KEYS, secret=secret).secret.reveal() == secret.reveal()
    with pytest.raises(WrongVaultKey):
        Vault.create(store, KEYS, secret=ProjectKey.generate())
    assert Vault.open(store, KEYS).secret.reveal() == secret.reveal()


def test_many_that_make_it_at_once_end_with_one_secret(store: Store) -> None:
    barrier = threading.Barrier(8)
    found: list[bytes] = []

    def make() -> None:
        barrier.wait()
        found.append(Vault.create(store, KEYS).secret.reveal())

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_two_processes_that_make_it_at_once_end_with_one_secret(tmp_path: Path) -> None:
    """Ten times, as a race is a matter of luck."""
    KEY.keyring()
    for number in range(10):
        place = tmp_path / str(number)
        children = []
        for child in range(2):
            pid = os.fork()
            if not pid:
                try:
                    secret = Vault.create(FolderStore(place, private=True), KEYS).secret
                    (tmp_path / f"{number}-{child}").write_bytes(secret.reveal())
                finally:
                    os._exit(0)
            children.append(pid)
        for pid in children:
            os.waitpid(pid, 0)
        assert (tmp_path / f"{number}-0").read_bytes() == (tmp_path / f"{number}-1").read_bytes()


@pytest.mark.parametrize("after", range(1, 3))
def test_a_making_that_was_cut_short_is_finished_by_the_next(after: int) -> None:
    class Failing(MemoryStore):
        left = after

        def put(self, key: str, data: bytes, *, overwrite: bool = False):
            self.left -= 1
            if self.left < 0:
                raise TransientProblem("full")
            return super().put(key, data, overwrite=overwrite)

    store = Failing()
    with pytest.raises(TransientProblem):
        Vault.create(store, KEYS)
    with pytest.raises(VaultAbsent):
        Vault.open(store, KEYS)
    store.left = 100
    assert everything(Vault.create(store, KEYS)) == {}


def test_where_there_is_none_that_is_said(store: Store) -> None:
    with pytest.raises(VaultAbsent):
        Vault.open(store, KEYS)
    assert issubclass(VaultAbsent, UsageProblem)


def test_another_wrapping_key_does_not_open_the_secret(store: Store, vault: Vault) -> None:
    with pytest.raises(WrongVaultKey):
        Vault.open(store, Keys([OTHER]))
    assert Vault.open(store, Keys([OTHER]), secret=vault.secret).id == vault.id, "who has the secret needs no key"


@pytest.mark.usefixtures("vault")
def test_another_project_secret_does_not_open_the_vault(store: Store) -> None:
    with pytest.raises(WrongVaultKey):
        Vault.open(store, KEYS, secret=ProjectKey.generate())


@pytest.mark.usefixtures("vault")
def test_the_secret_of_another_vault_is_swapped(store: Store) -> None:
    other = MemoryStore()
    Vault.create(other, KEYS)
    spoil(store, "secret/00000001", read_all(other, "secret/00000001"))
    with pytest.raises(VaultSwapped):
        Vault.open(store, KEYS)


def test_an_object_of_the_map_is_not_taken_for_the_secret(vault: Vault, store: Store) -> None:
    fill(vault, [1])
    (name,) = (entry.key for entry in store.list("map/"))
    spoil(store, "secret/00000001", read_all(store, name))
    with pytest.raises(VaultSwapped):
        Vault.open(store, KEYS)


@pytest.mark.parametrize(
    ("name", "old", "new", "error"),
    [
        ("vault.json", b"deident-vault/1", b"deident-vault/9", VaultSchemaUnknown),
        ("vault.json", b'"schema"', b'"scheme"', VaultTampered),
        ("check.json", b"deident-vault/1", b"deident-vault/9", VaultSchemaUnknown),
        ("check.json", b'"derivation":"deident/1"', b'"derivation":"deident/2"', WrongVaultKey),
    ],
)
def test_a_changed_description_is_refused(
    vault: Vault, store: Store, name: str, old: bytes, new: bytes, error: type[VaultProblem]
) -> None:
    rewrite_object(store, name, old, new)
    with pytest.raises(error):
        Vault.open(store, KEYS, secret=vault.secret)


@pytest.mark.usefixtures("vault")
def test_a_cut_secret_is_truncated_and_a_missing_one_missing(store: Store) -> None:
    spoil(store, "secret/00000001", read_all(store, "secret/00000001")[:-9])
    with pytest.raises(VaultTruncated):
        Vault.open(store, KEYS)
    store.delete("secret/00000001")
    with pytest.raises(VaultProblem, match="missing"):
        Vault.open(store, KEYS)


def test_a_lost_secret_is_sealed_again_by_who_has_it_and_never_replaced_by_another(vault: Vault, store: Store) -> None:
    fill(vault, [1])
    store.delete("secret/00000001")
    with pytest.raises(VaultProblem, match="missing"):
        Vault.create(store, KEYS)
    with pytest.raises(WrongVaultKey):
        Vault.create(store, KEYS, secret=ProjectKey.generate())
    assert list(store.list("secret/")) == []
    Vault.create(store, KEYS, secret=vault.secret)
    assert everything(Vault.open(store, KEYS))["patient"] == 1


def test_a_project_can_have_a_name_of_its_own_but_no_strange_one(store: Store) -> None:
    with pytest.raises(ConfigurationError):
        Vault.create(store, KEYS, project="Prof. Smith's study")
    assert Vault.create(store, KEYS, project="lung-2026").project == "lung-2026"
    with pytest.raises(ConfigurationError):
        Vault.create(store, KEYS, project="liver-2026")


# keys


def test_a_local_key_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "vault-key"
    key = LocalKey.load_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert LocalKey.load_or_create(path) == key
    assert key.secret.hex() not in repr(key)
    path.chmod(0o640)
    with pytest.raises(KeyProblem):
        LocalKey.load(path)


def test_a_project_key_is_not_taken_for_a_vault_key(tmp_path: Path) -> None:
    ProjectKey.load_or_create(tmp_path / "key")
    with pytest.raises(KeyProblem):
        LocalKey.load(tmp_path / "key")


def test_keys_come_from_names_then_the_environment_then_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ENV_KEY, raising=False)
    monkeypatch.delenv(ENV_KMS_KEY, raising=False)
    home = ProjectHome.open(tmp_path / "home")
    with pytest.raises(KeyProblem):
        keys_at_hand(home)
    made = keys_at_hand(home, create=True).sealing
    assert keys_at_hand(home).sealing == made
    monkeypatch.setenv(ENV_KEY, KEY.secret.hex())
    assert keys_at_hand(home).sealing == KEY
    named = LocalKey.load_or_create(tmp_path / "named")
    assert keys_at_hand(home, [("file", str(tmp_path / "named"))]).sealing == named
    monkeypatch.setenv(ENV_KEY, "not hexadecimal")
    with pytest.raises(KeyProblem, match="64 hexadecimal digits"):
        keys_at_hand(home)


def test_a_home_whose_key_lies_in_the_vault_alone_never_makes_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ENV_KEY, raising=False)
    home = ProjectHome.open(tmp_path / "home")
    first = project_key(home)
    Vault.create(FolderStore(home.vault, private=True), keys_at_hand(home, create=True), secret=first)
    home.key.unlink()
    assert project_key(home).reveal() == first.reveal()
    assert not home.key.exists()
    home.vault_key.unlink()
    with pytest.raises(KeyProblem):
        project_key(home)
    with pytest.raises(NotFound):
        read_all(FolderStore(home.root), "key")
