"""The table of docs/roles.md: which role may do what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infratools.policies import Account
from infratools.template import ACCOUNT, REGION, Stack

__all__ = ["BUCKETS", "COLUMNS", "DOCUMENT", "PROJECT", "ROLES", "Row", "arn_of", "context_of", "may", "read_rows"]

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "roles.md"
PROJECT: Final = "deident"
ROLES: Final = ("reader", "worker", "releaser", "reidentifier", "auditor", "operator", "recipient")
#: The table has a column for an administrator of the account beside the roles of the stack.
COLUMNS: Final = (*ROLES, "administrator")
BUCKETS: Final = ("source", "staging", "released", "vault", "audit")
KEYS: Final = {"data key": "datakey", "vault key": "vaultkey"}
_S3: Final = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3"}
_VIA_S3: Final = {"kms:ViaService": f"s3.{REGION}.amazonaws.com", "kms:CallerAccount": ACCOUNT}
#: Short forms of the column "when".
_SHORT: Final = {
    "once": {"s3:if-none-match": "*", "s3:ObjectCreationOperation": "true"},
    "overwriting": {"s3:ObjectCreationOperation": "true"},
    "a part": {"s3:ObjectCreationOperation": "false"},
    "without TLS": {"aws:SecureTransport": "false"},
    "TLS 1.1": {"s3:TlsVersion": "1.1"},
}


@dataclass(frozen=True)
class Row:
    """One line: a deed, and the roles that may do it."""

    deed: str
    action: str
    on: str
    when: str
    allowed: frozenset[str]


def read_rows(text: str) -> Iterator[Row]:
    """The lines of the table under "What each role may do"."""
    section = text.partition("## What each role may do")[2].partition("\n\n|")[2]
    table = section.partition("\n\n")[0]
    head, _, *lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in ("|" + table).splitlines()]
    assert tuple(head[4:]) == COLUMNS, head
    for cells in lines:
        deed, action, on, when, *answers = cells
        assert set(answers) <= {"yes", "–"}, cells
        yes = frozenset(role for role, answer in zip(COLUMNS, answers, strict=True) if answer == "yes")
        yield Row(deed, action.strip("`"), on.strip("`"), when, yes)


def arn_of(on: str) -> str:
    """The ARN of `bucket`, `bucket/key`, `data key` or `vault key`."""
    if on in KEYS:
        return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{KEYS[on]}"
    bucket, slash, key = on.partition("/")
    assert bucket in BUCKETS, on
    return f"arn:aws:s3:::{PROJECT}-{bucket}-{ACCOUNT}-{REGION}{slash}{key}"


def context_of(row: Row) -> dict[str, str]:
    """What the request carries: encrypted transport unless the row says otherwise."""
    context: dict[str, str] = dict(_S3) if row.action.startswith("s3:") else {}
    for part in filter(None, (part.strip() for part in row.when.split(","))):
        if part in _SHORT:
            context |= _SHORT[part]
        elif part.startswith("S3 for "):
            context |= {**_VIA_S3, "kms:EncryptionContext:aws:s3:arn": arn_of(part.removeprefix("S3 for "))}
        else:
            key, _, value = part.strip("`").partition("=")
            short = {"sse": "s3:x-amz-server-side-encryption", "key": "s3:x-amz-server-side-encryption-aws-kms-key-id"}
            short |= {"customer": "s3:x-amz-server-side-encryption-customer-algorithm", "prefix": "s3:prefix"}
            short |= {name: f"kms:EncryptionContext:deident-{name}" for name in ("purpose", "project")}
            context[short[key]] = arn_of(value) if value in KEYS else value
    return context


def may(account: Account, row: Row) -> frozenset[str]:
    """The roles that the policies let do the deed."""
    context = context_of(row)
    return frozenset(r for r in COLUMNS if account.may(_name(r), row.action, arn_of(row.on), context))


def _name(role: str) -> str:
    return f"{PROJECT}-{role}" if role in ROLES else role


def default_account() -> Account:
    """The account as the template's defaults make it."""
    return Account(Stack())
