#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The CloudFormation template is good in the eyes of a linter that knows AWS' resources, its policy allows just the
calls that the aggregator makes, and its names are those that the aggregator uses unless told otherwise."""
import json
import re
import subprocess

import aws_double
import nephos
from nephos import ROOT, check

TEMPLATE = ROOT / "packaging/deploy/aws/nephos.yaml"


def proof(world):
    folder = aws_double.deps_folder()
    linted = subprocess.run(["node", f"{folder}/node_modules/cfn-lint/lib/index.js", "validate", str(TEMPLATE)],
                            capture_output=True, text=True, timeout=60, env=world.environment)
    check(linted.returncode == 0 and "0 crit" in linted.stdout and "0 warn" in linted.stdout, linted.stdout + linted.stderr)
    reader = f"process.stdout.write(JSON.stringify(require('{folder}/node_modules/yaml').parse(require('fs').readFileSync('{TEMPLATE}', 'utf8'))))"
    template = json.loads(subprocess.run(["node", "-e", reader], capture_output=True, text=True, timeout=30, check=True).stdout)
    resources = template["Resources"]
    statements = resources["ForwarderPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    allowed = set()
    for statement in statements:
        actions = statement["Action"]
        allowed.update([actions] if isinstance(actions, str) else actions)
        check(statement["Effect"] == "Allow" and "*" not in json.dumps(statement), f"least privilege: {statement}")
    made = {"sns:Publish"}
    for service, name in (("dynamodb", "dynamodb"), ("kinesis", "kinesis")):
        code = (ROOT / f"aggregator/forward/aws/{name}.c").read_text()
        made |= {f"{service}:{operation}" for operation in re.findall(r'"((?:Batch|Update|Delete|Describe|Put)\w*(?:Item|Table|Records|Summary))"', code)}
    check(allowed == made, f"the policy allows {sorted(allowed)}, the aggregator calls {sorted(made)}")
    code = (ROOT / "aggregator/forward/aws/dynamodb.c").read_text()
    for resource in resources.values():
        if resource["Type"] == "AWS::DynamoDB::Table":
            name = resource["Properties"]["TableName"]["Fn::Sub"]
            check(name.replace("${Stage}", "") in code, f"{name} is no table that the aggregator writes to by itself")
    print(f"{len(resources)} resources, {len(allowed)} actions")


if __name__ == "__main__":
    nephos.main(proof)
