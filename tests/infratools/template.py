"""A CloudFormation template with its functions carried out, as far as infra/cloudformation.yaml uses them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import cfnlint.decode

__all__ = ["ACCOUNT", "REGION", "TEMPLATE", "Stack"]

ROOT: Final = Path(__file__).parents[2]
TEMPLATE: Final = ROOT / "infra" / "cloudformation.yaml"
ACCOUNT: Final = "111122223333"
REGION: Final = "eu-central-1"
_PSEUDO: Final = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}
_NOTHING: Final = object()


class Stack:
    """The template as a stack would be made of it with `parameters`; a function that is not known raises."""

    def __init__(self, parameters: Mapping[str, str] | None = None, path: Path = TEMPLATE) -> None:
        self.template, problems = cfnlint.decode.decode(str(path))
        assert not problems, problems
        declared = {name: str(p.get("Default", "")) for name, p in self.template["Parameters"].items()}
        unknown = set(parameters or {}) - set(declared)
        assert not unknown, unknown
        self.parameters = {**declared, **(parameters or {})}

    @cached_property
    def resources(self) -> dict[str, dict[str, Any]]:
        """Properties of every resource that is made, by logical id, with `Type` and the policies for its end."""
        made = {}
        for name, resource in self.template["Resources"].items():
            if "Condition" in resource and not self._condition(resource["Condition"]):
                continue
            made[name] = {**resource, "Properties": self.resolve(resource.get("Properties", {}))}
        return made

    def outputs(self) -> dict[str, str]:
        return {name: self.resolve(output["Value"]) for name, output in self.template["Outputs"].items()}

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Properties by logical id."""
        return {name: r["Properties"] for name, r in self.resources.items() if r["Type"] == kind}

    def resolve(self, node: Any) -> Any:
        """`node` without functions."""
        if isinstance(node, dict):
            if len(node) == 1:
                ((key, value),) = node.items()
                if key == "Ref" or key.startswith("Fn::"):
                    return self._function(key, value)
            pairs = ((str(key), self.resolve(value)) for key, value in node.items())
            return {key: value for key, value in pairs if value is not _NOTHING}
        if isinstance(node, list):
            return [value for value in map(self.resolve, node) if value is not _NOTHING]
        return node

    def _function(self, name: str, value: Any) -> Any:
        match name:
            case "Ref":
                return _NOTHING if value == "AWS::NoValue" else self._reference(value)
            case "Fn::GetAtt":
                resource, attribute = value if isinstance(value, list) else value.split(".", 1)
                return self._attribute(resource, attribute)
            case "Fn::Sub":
                return re.sub(r"\$\{([^}]+)\}", lambda m: str(self._named(m[1])), value)
            case "Fn::If":
                condition, yes, no = value
                return self.resolve(yes if self._condition(condition) else no)
            case "Fn::FindInMap":
                table, row, column = map(self.resolve, value)
                return self.template["Mappings"][table][str(row)][column]
            case _:
                raise NotImplementedError(name)

    def _named(self, name: str) -> Any:
        return self._attribute(*name.split(".", 1)) if "." in name else self._reference(name)

    def _reference(self, name: str) -> Any:
        if name in _PSEUDO:
            return _PSEUDO[name]
        if name in self.parameters:
            return self.parameters[name]
        resource = self.template["Resources"][name]
        names = {"AWS::S3::Bucket": "BucketName", "AWS::IAM::Role": "RoleName"}
        if resource["Type"] in names:
            return self.resolve(resource["Properties"][names[resource["Type"]]])
        return name.lower()

    def _attribute(self, name: str, attribute: str) -> str:
        if attribute != "Arn":
            raise NotImplementedError(attribute)
        match self.template["Resources"][name]["Type"]:
            case "AWS::S3::Bucket":
                return f"arn:aws:s3:::{self._reference(name)}"
            case "AWS::IAM::Role":
                return f"arn:aws:iam::{ACCOUNT}:role/{self._reference(name)}"
            case "AWS::KMS::Key":
                return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{self._reference(name)}"
            case kind:
                raise NotImplementedError(kind)

    def _condition(self, name: str) -> bool:
        return self._truth(self.template["Conditions"][name])

    def _truth(self, node: Any) -> bool:
        ((key, value),) = node.items()
        if key == "Fn::Equals":
            first, second = map(self.resolve, value)
            return str(first) == str(second)
        if key == "Fn::Not":
            return not self._truth(value[0])
        raise NotImplementedError(key)
