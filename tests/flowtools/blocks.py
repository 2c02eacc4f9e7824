"""Keeps the keys of the environment in a block of Prefect, as somebody does in its UI, then runs the flow that is to use it."""

import json
import os
import sys

from prefect_aws import AwsCredentials

from deident.flows.deidentification import deidentify

if __name__ == "__main__":
    key, secret = os.environ.pop("BLOCK_KEY"), os.environ.pop("BLOCK_SECRET")
    AwsCredentials(aws_access_key_id=key, aws_secret_access_key=secret, region_name="us-east-1").save("site")
    job = {"source": sys.argv[1], "destination": sys.argv[2], "workers": 1, "aws_block": "aws-credentials/site"}
    state = deidentify(job, return_state=True)
    report = state.result(raise_on_failure=False)
    sys.stdout.write(json.dumps({"state": state.name, "inputs": getattr(report, "inputs", str(report))}))
