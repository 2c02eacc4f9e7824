"""The KMS keyring on a real KMS server."""

from __future__ import annotations

import threading
from collections.abc import Callable

import boto3
import pytest

from deident.errors import KeyProblem, TransientProblem, VaultProblem, VaultSwapped, VaultTampered, WrongVaultKey
from deident.stores import MemoryStore, Store, read_all
from deident.vault import Keys, Vault, VaultWriter, keys_at_hand, reidentify, reseal, status
from deident.vault.envelope import Bound, open_sealed, seal
from deident.vault.kms import KmsKey
from support.vaults import KEY, entries_of, everything, fill, spoil

Make = Callable[[], str]


def test_a_vault_under_kms_gives_every_original_back(kms: Make, store: Store) -> None:
    arn = kms()
    vault = Vault.create(store, Keys([KmsKey(arn)]))
    fill(vault, range(5))
    opened = Vault.open(store, Keys([KmsKey(arn)]))
    assert everything(opened)["patient"] == 5
    entry = entries_of(opened, 3)[0]
    assert reidentify(opened, [entry.pseudonym]) == {entry.pseudonym: [entry]}
    assert status(opened).keys == {arn: 5}


def test_an_alias_is_resolved_to_the_key_that_seals(kms: Make) -> None:
    arn = kms()
    boto3.client("kms").create_alias(AliasName="alias/vault-test", TargetKeyId=arn)
    for name in ("alias/vault-test", arn.rpartition("/")[2], arn):
        assert KmsKey(name).id == arn
    store = MemoryStore()
    Vault.create(store, Keys([KmsKey("alias/vault-test")]))
    assert Vault.open(store, Keys([KmsKey(arn)])).secret


def test_kms_is_told_the_whole_context_and_refuses_another(kms: Make) -> None:
    """Behind our own checks: the data key itself is bound, so a key policy can be as well."""
    keys = Keys([KmsKey(kms())])
    bound = Bound("project", "store", "map/w/00000001", "map")
    asked: list[dict[str, str]] = []
    key = keys.sealing
    assert isinstance(key, KmsKey)
    key._client.meta.events.register(
        "provide-client-params.kms", lambda params, **_: asked.append(params["EncryptionContext"])
    )
    sealed = seal(keys, bound, b"text")
    assert bound.context(key.id).items() <= asked[0].items()
    assert open_sealed(keys, bound, sealed)[0] == b"text"
    with pytest.raises(VaultSwapped):
        open_sealed(keys, Bound("project", "store", "map/w/00000001", "secret"), sealed)
    lying = sealed.replace(b'"purpose":"map"', b'"purpose":"secret"', 1)
    with pytest.raises(VaultTampered):
        open_sealed(keys, Bound("project", "store", "map/w/00000001", "secret"), lying)


def test_another_kms_key_does_not_open(kms: Make, store: Store) -> None:
    Vault.create(store, Keys([KmsKey(kms())]))
    with pytest.raises(WrongVaultKey):
        Vault.open(store, Keys([KmsKey(kms())]))
    with pytest.raises(WrongVaultKey):
        Vault.open(store, Keys([KEY]))


def test_a_vault_moves_from_a_local_key_to_kms_and_on_to_another(kms: Make, store: Store) -> None:
    vault = Vault.create(store, Keys([KEY]))
    fill(vault, range(6))
    first, second = KmsKey(kms()), KmsKey(kms())
    reseal(Vault.open(store, Keys([first, KEY])))
    assert everything(Vault.open(store, Keys([first])))["patient"] == 6
    reseal(Vault.open(store, Keys([second, first])))
    moved = Vault.open(store, Keys([second]))
    assert everything(moved)["patient"] == 6
    assert moved.secret.reveal() == vault.secret.reveal()


def test_changed_bytes_under_kms_are_a_named_error(kms: Make) -> None:
    store = MemoryStore()
    vault = Vault.create(store, Keys([KmsKey(kms())]))
    data = read_all(store, "secret/00000001")
    for position in range(0, len(data), 13):
        changed = bytearray(data)
        changed[position] ^= 1
        spoil(store, "secret/00000001", bytes(changed))
        with pytest.raises(VaultProblem):
            vault.sealed_secret()


def test_a_key_that_does_not_exist_is_refused(kms: Make) -> None:
    arn = kms().rpartition("/")[0] + "/00000000-0000-0000-0000-000000000000"
    with pytest.raises(WrongVaultKey, match="NotFoundException"):
        Vault.create(MemoryStore(), Keys([KmsKey(arn)]))
    with pytest.raises(KeyProblem):
        assert KmsKey("alias/nobody").id


def test_a_service_that_cannot_be_reached_may_be_reached_later(
    kms: Make, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    arn = kms()
    vault = Vault.create(store, Keys([KmsKey(arn)]))
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    away = Vault.open(store, Keys([KmsKey(arn)]), secret=vault.secret)
    with pytest.raises(TransientProblem):
        VaultWriter(away).seal(entries_of(away, 1))
    with pytest.raises(TransientProblem):
        Vault.open(store, Keys([KmsKey(arn)]))
    with pytest.raises(TransientProblem):
        assert KmsKey("alias/nobody").id


@pytest.mark.parametrize(
    ("code", "status_code", "error"),
    [
        ("AccessDeniedException", 400, WrongVaultKey),
        ("DisabledException", 400, WrongVaultKey),
        ("ThrottlingException", 400, TransientProblem),
        ("KMSInternalException", 500, TransientProblem),
        ("InvalidCiphertextException", 400, VaultTampered),
    ],
)
def test_what_the_service_answers_decides_the_error(
    kms: Make, code: str, status_code: int, error: type[Exception]
) -> None:
    """The answer is put in place of the server's, since moto refuses nobody; everything behind it is real."""
    keys = Keys([KmsKey(kms())])
    bound = Bound("project", "store", "map/w/00000001", "map")
    sealed = seal(keys, bound, b"text")
    key = keys.sealing
    assert isinstance(key, KmsKey)

    class Answer:
        pass

    answer = Answer()
    answer.status_code = status_code
    parsed = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status_code}}
    key._client.meta.events.register("before-call.kms", lambda **_: (answer, parsed))
    with pytest.raises(error):
        open_sealed(keys, bound, sealed)


def test_many_threads_share_one_key(kms: Make, store: Store) -> None:
    vault = Vault.create(store, Keys([KmsKey(kms())]))
    writers = [VaultWriter(vault) for _ in range(2)]
    threads = [threading.Thread(target=lambda n=n: writers[n % 2].seal(entries_of(vault, n))) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert everything(vault)["patient"] == 16


def test_the_environment_can_name_the_key(kms: Make, monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    from deident.home import ProjectHome

    arn = kms()
    monkeypatch.setenv("DEIDENT_VAULT_KMS_KEY", arn)
    assert keys_at_hand(ProjectHome(tmp_path)).sealing.id == arn
