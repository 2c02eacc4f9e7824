"""The stack is what infra/README.md says: checked by cfn-lint, by its resolved properties, and made on moto's server."""

import logging
import subprocess
import sysconfig
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from deident.vault.envelope import Bound
from infratools.policies import Account
from infratools.template import REGION, TEMPLATE, Stack

STACK = Stack()
BUCKETS = STACK.of_type("AWS::S3::Bucket")
POLICIES = {p["Bucket"]: p["PolicyDocument"]["Statement"] for p in STACK.of_type("AWS::S3::BucketPolicy").values()}
#: What `aws cloudformation deploy` sends in one request, without a bucket for the template.
LARGEST = 51_200


def test_cfn_lint_finds_nothing():
    command = [str(Path(sysconfig.get_path("scripts")) / "cfn-lint"), "--include-checks", "I", "--", str(TEMPLATE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_the_template_is_sent_in_one_request_and_uses_no_yaml_that_cloudformation_lacks():
    text = TEMPLATE.read_text(encoding="utf-8")
    assert len(text.encode()) < LARGEST
    assert [line for line in text.splitlines() if line.lstrip("- ").startswith(("&", "*", "<<"))] == []
    assert ": &" not in text
    assert ": *" not in text


def test_there_are_five_buckets_with_names_that_s3_takes():
    longest = Stack({"ProjectName": "a" * 20})
    names = [p["BucketName"] for p in longest.of_type("AWS::S3::Bucket").values()]
    assert sorted(BUCKETS) == ["AuditBucket", "ReleasedBucket", "SourceBucket", "StagingBucket", "VaultBucket"]
    assert max(map(len, names)) <= 63


@pytest.mark.parametrize("name", BUCKETS)
def test_a_bucket_is_versioned_private_encrypted_and_kept(name):
    bucket = BUCKETS[name]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    key = STACK.resolve({"Fn::GetAtt": ["DataKey", "Arn"]})
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    assert {"DaysAfterInitiation": 2} in [
        r.get("AbortIncompleteMultipartUpload") for r in bucket["LifecycleConfiguration"]["Rules"]
    ]
    assert STACK.resources[name]["DeletionPolicy"] == STACK.resources[name]["UpdateReplacePolicy"] == "Retain"
    sids = {statement["Sid"] for statement in POLICIES[bucket["BucketName"]]}
    wanted = {"EncryptedTransport", "ModernTransport", "NoOtherEncryption", "NoOtherKey", "NoUnnamedKey"}
    assert wanted | {"NoKeyOfTheCustomer"} <= sids


@pytest.mark.parametrize("days", [7, 14, 30, 60, 90])
def test_staging_outlives_the_longest_review_and_nothing_else_expires(days):
    stack = Stack({"LongestReview": str(days)})
    for name, bucket in stack.of_type("AWS::S3::Bucket").items():
        expiries = [r["ExpirationInDays"] for r in bucket["LifecycleConfiguration"]["Rules"] if "ExpirationInDays" in r]
        assert expiries == ([int(stack.outputs()["StagingDays"])] if name == "StagingBucket" else [])
    assert int(stack.outputs()["StagingDays"]) == days + 14
    assert (
        list(stack.template["Mappings"]["StagingDays"])
        == stack.template["Parameters"]["LongestReview"]["AllowedValues"]
    )


@pytest.mark.parametrize("mode", ["GOVERNANCE", "COMPLIANCE"])
def test_the_audit_bucket_is_locked(mode):
    audit = Stack({"AuditLockMode": mode, "AuditLockDays": "365"}).of_type("AWS::S3::Bucket")["AuditBucket"]
    assert audit["ObjectLockEnabled"] is True
    assert audit["ObjectLockConfiguration"]["Rule"] == {"DefaultRetention": {"Mode": mode, "Days": "365"}}


def test_access_logs_are_optional_and_never_of_the_source():
    buckets = Stack({"AccessLogBucketName": "logs"}).of_type("AWS::S3::Bucket")
    assert {name for name, bucket in buckets.items() if "LoggingConfiguration" in bucket} == set(buckets) - {
        "SourceBucket"
    }
    assert not any("LoggingConfiguration" in bucket for bucket in BUCKETS.values())


def test_people_take_a_role_with_a_second_factor_and_machines_take_three():
    trusts = {
        p["RoleName"].removeprefix("deident-"): p["AssumeRolePolicyDocument"]["Statement"]
        for p in Stack({"ComputeService": "ecs-tasks.amazonaws.com"}).of_type("AWS::IAM::Role").values()
    }
    factor = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    assert {r for r, s in trusts.items() if all(x.get("Condition") == factor for x in s)} == {
        "reidentifier",
        "auditor",
        "operator",
    }
    served = {r for r, s in trusts.items() if any("Service" in x["Principal"] for x in s)}
    assert served == {"reader", "worker", "releaser"}


def test_a_role_is_taken_by_whom_the_parameter_names():
    arn = "arn:aws:iam::111122223333:role/pipeline"
    role = Stack({"WorkerTrust": arn}).of_type("AWS::IAM::Role")["WorkerRole"]
    assert [s["Principal"] for s in role["AssumeRolePolicyDocument"]["Statement"]] == [{"AWS": arn}]


def test_keys_rotate_are_kept_and_nobody_who_administers_them_uses_them():
    keys = STACK.of_type("AWS::KMS::Key")
    assert set(keys) == {"DataKey", "VaultKey"}
    for name, key in keys.items():
        assert key["EnableKeyRotation"] is True
        assert STACK.resources[name]["DeletionPolicy"] == "Retain"
        (administration,) = [s for s in key["KeyPolicy"]["Statement"] if s["Sid"] == "AdministerWithoutUse"]
        used = {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:CreateGrant", "kms:ReEncryptFrom", "kms:*"}
        assert not used & set(administration["Action"])
        assert "kms:PutKeyPolicy" in administration["Action"], "a key that nobody administers is lost"


def test_the_vault_key_is_bound_to_the_context_that_the_vault_gives():
    """Every use of it is tied to a purpose and a project."""
    statements = STACK.of_type("AWS::KMS::Key")["VaultKey"]["KeyPolicy"]["Statement"]
    use = {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"}
    tied = [s for s in statements if s["Effect"] == "Allow" and use & set(s["Action"])]
    assert len(tied) == 5
    names = {"kms:EncryptionContext:deident-purpose", "kms:EncryptionContext:deident-project"}
    assert all(set(s["Condition"]["StringEquals"]) == names for s in tied)


@pytest.mark.parametrize(
    ("role", "action", "purpose", "allowed"),
    [
        ("worker", "kms:GenerateDataKey", "map", True),
        ("worker", "kms:Decrypt", "map", False),
        ("worker", "kms:Decrypt", "secret", True),
        ("reidentifier", "kms:Decrypt", "map", True),
        ("operator", "kms:GenerateDataKey", "secret", True),
    ],
)
def test_the_context_that_the_vault_really_gives_is_what_the_key_asks_for(role, action, purpose, allowed):
    key = STACK.outputs()["VaultKeyArn"]
    bound = Bound(project="deident", store="0123456789abcdef", name=f"{purpose}/w/00000001", purpose=purpose)
    context = {f"kms:EncryptionContext:{name}": value for name, value in bound.context(key).items()}
    assert Account(STACK).may(f"deident-{role}", action, key, context) is allowed


def test_moto_makes_the_stack():
    """A smoke test: references resolve, no circle, every resource has what it needs. moto carries out no bucket policy,
    Object Lock, lifecycle or encryption of a stack and no policy of a key; what these say is tested above and in test_roles.
    It leaves AWS::NoValue in lists as null, so the parameters are those with which no statement drops out.
    """
    given = {
        "ComputeService": "ecs-tasks.amazonaws.com",
        "SourceKeyArn": f"arn:aws:kms:{REGION}:111122223333:key/theirs",
    }
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        options = {"region_name": REGION, "endpoint_url": f"http://{host}:{port}"}
        session = boto3.session.Session(aws_access_key_id="test", aws_secret_access_key="test")
        formation = session.client("cloudformation", **options)
        body = TEMPLATE.read_text(encoding="utf-8")
        formation.create_stack(
            StackName="deident",
            TemplateBody=body,
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in given.items()],
        )
        (stack,) = formation.describe_stacks(StackName="deident")["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
        made = formation.describe_stack_resources(StackName="deident")["StackResources"]
        unnamed = {"AWS::S3::BucketPolicy"}  # moto makes no such resource, and does not say so
        expected = {name for name, resource in STACK.resources.items() if resource["Type"] not in unnamed}
        assert {r["LogicalResourceId"] for r in made if "LogicalResourceId" in r} == expected
        assert {o["OutputKey"] for o in stack["Outputs"]} == set(STACK.outputs())
        buckets = {b["Name"] for b in session.client("s3", **options).list_buckets()["Buckets"]}
        assert len(buckets) == 5
        iam = session.client("iam", **options)
        for role in iam.list_roles()["Roles"]:
            attached = iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"]
            assert attached, role["RoleName"]
    finally:
        server.stop()
