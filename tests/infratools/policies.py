"""IAM's decision, as far as the policies of infra/cloudformation.yaml need it: one account, no boundaries, no sessions.

An element or operator that is not known raises: a policy that is not understood must not count as one that allows nothing.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from infratools.template import ACCOUNT, Stack

__all__ = ["Account", "Request", "decide", "matches"]

_ELEMENTS: Final = {"Sid", "Effect", "Principal", "Action", "Resource", "NotResource", "Condition"}
ROOT: Final = f"arn:aws:iam::{ACCOUNT}:root"


@dataclass(frozen=True)
class Request:
    """Who (the ARN of a role) wants to do what to which resource (an ARN), in which context."""

    principal: str
    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


def decide(statements: Iterable[Mapping[str, Any]], request: Request) -> str:
    """'deny', 'allow' or 'nothing': what these statements say together."""
    effects = {s["Effect"] for s in statements if _applies(s, request)}
    return "deny" if "Deny" in effects else "allow" if "Allow" in effects else "nothing"


def _applies(statement: Mapping[str, Any], request: Request) -> bool:
    unknown = set(statement) - _ELEMENTS
    if unknown:
        raise NotImplementedError(str(unknown))
    return (
        ("Principal" not in statement or _is(statement["Principal"], request.principal))
        and any(_like(pattern.lower(), request.action.lower()) for pattern in _list(statement["Action"]))
        and ("Resource" in statement) == any(_like(pattern, request.resource) for pattern in _resources(statement))
        and all(
            matches(operator, key, _list(wanted), _context(request))
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _resources(statement: Mapping[str, Any]) -> list[Any]:
    """What a statement is about, or with NotResource what it is not about."""
    return _list(statement["Resource" if "Resource" in statement else "NotResource"])


def _is(principal: Any, arn: str) -> bool:
    """Whether a statement speaks of this role. The account's root stands for all of the account: see `Account.may`."""
    if principal == "*":
        return True
    if set(principal) - {"AWS"}:
        raise NotImplementedError(str(principal))
    return any(named in ("*", arn) for named in _list(principal["AWS"]))


def _context(request: Request) -> dict[str, str]:
    return {"aws:PrincipalArn": request.principal, **request.context}


def matches(operator: str, key: str, wanted: list[str], context: Mapping[str, str]) -> bool:
    """One condition. Keys are compared without case; a negated operator is true where the key is missing."""
    found = next((value for name, value in context.items() if name.lower() == key.lower()), None)
    if operator == "Null":
        return (found is None) == (wanted == ["true"])
    negated = operator.removesuffix("Equals").removesuffix("Like").endswith("Not")
    if found is None:
        return negated
    return negated != any(_compare(operator.replace("Not", ""), str(pattern), found) for pattern in wanted)


def _compare(operator: str, pattern: str, found: str) -> bool:
    match operator:
        case "StringEquals":
            return pattern == found
        case "StringLike" | "ArnEquals" | "ArnLike":
            return _like(pattern, found)
        case "Bool":
            return pattern.lower() == found.lower()
        case "NumericLessThan":
            return float(found) < float(pattern)
        case _:
            raise NotImplementedError(operator)


def _like(pattern: str, text: str) -> bool:
    """`*` and `?` alone are special; fnmatch's brackets are not IAM's."""
    return _expression(pattern).match(text) is not None


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(re.sub(r"\[", "[[]", pattern)))


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]


class Account:
    """The roles, buckets and keys that a stack makes, and what each role may do to them."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.roles = {p["RoleName"]: name for name, p in stack.of_type("AWS::IAM::Role").items()}
        self._identity: dict[str, list[dict[str, Any]]] = {role: [] for role in self.roles}
        for policy in stack.of_type("AWS::IAM::ManagedPolicy").values():
            for role in policy["Roles"]:
                self._identity[role] += policy["PolicyDocument"]["Statement"]
        #: Somebody whom IAM lets do everything in the account: what is still refused, the policies of the resources refuse.
        self._identity["administrator"] = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
        self._resource: dict[str, list[dict[str, Any]]] = {
            f"arn:aws:s3:::{p['Bucket']}": p["PolicyDocument"]["Statement"]
            for p in stack.of_type("AWS::S3::BucketPolicy").values()
        }
        self._keys = {
            stack.resolve({"Fn::GetAtt": [name, "Arn"]}): p["KeyPolicy"]["Statement"]
            for name, p in stack.of_type("AWS::KMS::Key").items()
        }

    def arn(self, role: str) -> str:
        return f"arn:aws:iam::{ACCOUNT}:role/{role}"

    def may(self, role: str, action: str, resource: str, context: Mapping[str, str] | None = None) -> bool:
        """Whether the role may. Within one account S3 takes the word of either policy; KMS listens to IAM only where the
        key policy lets the account's root, and nothing beats a denial.
        """
        request = Request(self.arn(role), action, resource, context or {})
        identity = decide(self._identity.get(role, []), request)
        if resource in self._keys:
            policy = self._keys[resource]
            direct = decide(policy, request)
            through_iam = decide(policy, Request(ROOT, action, resource, _context(request)))
            if "deny" in (identity, direct):
                return False
            return direct == "allow" or (through_iam == "allow" and identity == "allow")
        attached = decide(self._resource.get(resource.partition("/")[0], []), request)
        return "deny" not in (identity, attached) and "allow" in (identity, attached)
