"""`deident plan`: what a profile does to each attribute and why, or its conformance statement."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from deident.catalogue import find_profile
from deident.cli.exits import EXIT_OK
from deident.errors import UsageProblem
from deident.home import default_home
from deident.profile import DEFAULT_PRESET
from deident.profile.conformance import conformance_statement
from deident.profile.explain import explain, explain_json

__all__ = ["plan"]


def plan(options: argparse.Namespace) -> int:
    """Print it. Raises ConfigurationError for an unknown profile or SOP class, UsageProblem for both forms."""
    home = Path(options.home).expanduser() if options.home else default_home()
    profile = find_profile(options.profile or DEFAULT_PRESET, home / "profiles")
    if options.json and options.conformance:
        raise UsageProblem("--json is for the plan, not for the conformance statement")
    if options.json:
        print(json.dumps(explain_json(profile, options.sop_class), indent=2))
    else:
        print(conformance_statement(profile) if options.conformance else explain(profile, options.sop_class), end="")
    return EXIT_OK
