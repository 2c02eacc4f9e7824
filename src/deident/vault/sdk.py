"""The AWS Encryption SDK, set up in one way: committing suite, one key per object, every context key required."""

from __future__ import annotations

import io
import logging
from collections.abc import Mapping
from typing import Any, Final

import aws_encryption_sdk
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    AesWrappingAlg,
    CreateAwsKmsKeyringInput,
    CreateDefaultCryptographicMaterialsManagerInput,
    CreateRawAesKeyringInput,
    CreateRequiredEncryptionContextCMMInput,
)
from aws_encryption_sdk.identifiers import AlgorithmSuite, CommitmentPolicy

__all__ = ["decrypt", "encrypt", "kms_keyring", "raw_aes_keyring"]

# It logs whole tracebacks of what callers handle anyway, and plans of what it encrypts.
logging.getLogger("aws_encryption_sdk").setLevel(logging.CRITICAL + 1)

_SUITE: Final = AlgorithmSuite.AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384
_NAMESPACE: Final = "deident"
_providers: Final = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
_client: Final = aws_encryption_sdk.EncryptionSDKClient(
    commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT, max_encrypted_data_keys=1
)


def raw_aes_keyring(name: str, secret: bytes) -> Any:
    """A keyring over 32 bytes held here."""
    return _providers.create_raw_aes_keyring(
        input=CreateRawAesKeyringInput(
            key_namespace=_NAMESPACE,
            key_name=name,
            wrapping_key=secret,
            wrapping_alg=AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16,
        )
    )


def kms_keyring(arn: str, client: Any) -> Any:
    """A keyring over one KMS key; `client` is boto3's."""
    return _providers.create_aws_kms_keyring(input=CreateAwsKmsKeyringInput(kms_key_id=arn, kms_client=client))


def encrypt(keyring: Any, context: Mapping[str, str], plaintext: bytes) -> bytes:
    """Encrypt and sign. The context is authenticated but not stored: who opens must know it."""
    ciphertext, _ = _client.encrypt(
        source=plaintext,
        materials_manager=_manager(keyring, context),
        encryption_context=dict(context),
        algorithm=_SUITE,
    )
    return bytes(ciphertext)


def decrypt(keyring: Any, context: Mapping[str, str], ciphertext: bytes) -> bytes:
    """Decrypt and verify. Raises what the SDK raises, and ValueError for bytes after the end, which the SDK ignores."""
    stream = io.BytesIO(ciphertext)
    with _client.stream(
        mode="d",
        source=stream,
        materials_manager=_manager(keyring, context),
        encryption_context=dict(context),
    ) as decryptor:
        plaintext = bytes(decryptor.read())
        if stream.read(1):
            raise ValueError("bytes after the end of the message")
    return plaintext


def _manager(keyring: Any, context: Mapping[str, str]) -> Any:
    """Only the required-context manager refuses a message for which no context, or another one, is given."""
    default = _providers.create_default_cryptographic_materials_manager(
        input=CreateDefaultCryptographicMaterialsManagerInput(keyring=keyring)
    )
    return _providers.create_required_encryption_context_cmm(
        input=CreateRequiredEncryptionContextCMMInput(
            underlying_cmm=default, required_encryption_context_keys=sorted(context)
        )
    )
