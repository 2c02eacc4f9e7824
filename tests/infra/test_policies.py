"""The evaluator of the tests decides as IAM's documentation says."""

import pytest

from infratools.policies import ROOT, Request, decide, matches


def allow(**parts):
    return {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **parts}


def asked(**parts):
    return Request(**{"principal": "arn:aws:iam::1:role/r", "action": "s3:GetObject", "resource": "arn:b/k", **parts})


def test_a_denial_beats_every_allowance_and_silence_is_neither():
    deny = allow(Effect="Deny", Resource="arn:b/secret/*")
    assert decide([allow(), deny], asked()) == "allow"
    assert decide([deny, allow()], asked(resource="arn:b/secret/1")) == "deny"
    assert decide([deny], asked()) == "nothing"


@pytest.mark.parametrize(
    ("pattern", "action", "fits"),
    [
        ("s3:*", "s3:GetObject", True),
        ("s3:getobject", "s3:GetObject", True),
        ("s3:GetObject", "s3:GetObjectAcl", False),
    ],
)
def test_actions_fit_by_wildcard_and_without_case(pattern, action, fits):
    assert (decide([allow(Action=pattern)], asked(action=action)) == "allow") is fits


def test_resources_keep_their_case_and_brackets_mean_themselves():
    assert decide([allow(Resource="arn:B/k")], asked()) == "nothing"
    assert decide([allow(Resource="arn:[ab]/k")], asked(resource="arn:a/k")) == "nothing"
    assert decide([allow(Resource="arn:?/*")], asked()) == "allow"


@pytest.mark.parametrize(
    ("operator", "wanted", "context", "holds"),
    [
        ("StringEquals", "a", {"k": "a"}, True),
        ("StringEquals", "a", {"K": "a"}, True),
        ("StringEquals", "a", {}, False),
        ("StringNotEquals", "a", {"k": "b"}, True),
        ("StringNotEquals", "a", {"k": "a"}, False),
        # The trap: without the key, a negated operator holds.
        ("StringNotEquals", "a", {}, True),
        ("ArnNotEquals", "arn:a", {}, True),
        ("StringLike", "a*", {"k": "ab"}, True),
        ("StringLike", "a*", {}, False),
        ("Bool", "true", {"k": "true"}, True),
        ("Bool", "false", {}, False),
        ("NumericLessThan", "1.2", {"k": "1.1"}, True),
        ("NumericLessThan", "1.2", {"k": "1.2"}, False),
        ("Null", "true", {}, True),
        ("Null", "true", {"k": ""}, False),
        ("Null", "false", {"k": "x"}, True),
        ("Null", "false", {}, False),
    ],
)
def test_conditions(operator, wanted, context, holds):
    assert matches(operator, "k", [wanted], context) is holds


def test_several_values_are_alternatives_and_several_keys_must_all_hold():
    assert matches("StringEquals", "k", ["a", "b"], {"k": "b"})
    assert not matches("StringNotEquals", "k", ["a", "b"], {"k": "b"})
    both = allow(Condition={"StringEquals": {"k": "a", "l": "b"}})
    assert decide([both], asked(context={"k": "a"})) == "nothing"
    assert decide([both], asked(context={"k": "a", "l": "b"})) == "allow"


def test_a_statement_speaks_of_the_principals_it_names():
    mine = allow(Principal={"AWS": "arn:aws:iam::1:role/r"})
    assert decide([mine], asked()) == "allow"
    assert decide([mine], asked(principal="arn:aws:iam::1:role/other")) == "nothing"
    assert decide([allow(Principal="*", Effect="Deny")], asked(principal=ROOT)) == "deny"


@pytest.mark.parametrize(
    "statement",
    [
        allow(NotAction="x"),
        allow(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        allow(Principal={"Service": "ec2.amazonaws.com"}),
    ],
)
def test_what_the_evaluator_does_not_know_it_does_not_guess(statement):
    with pytest.raises(NotImplementedError):
        decide([statement], asked(context={"aws:SourceIp": "10.0.0.1"}))
