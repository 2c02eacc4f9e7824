"""`deident plan`: what a profile does to each attribute and why, or its conformance statement."""

from __future__ import annotations

import argparse
from pathlib import Path

from deident.catalogue import find_profile
from deident.cli.exits import EXIT_OK
from deident.home import default_home
from deident.profile import DEFAULT_PRESET
from deident.profile.conformance import conformance_statement
from deident.profile.explain import explain

__all__ = ["plan"]


def plan(options: argparse.Namespace) -> int:
    """Print it. Raises ConfigurationError for an unknown profile or SOP class."""
    home = Path(options.home).expanduser() if options.home else default_home()
    profile = find_profile(options.profile or DEFAULT_PRESET, home / "profiles")
    print(conformance_statement(profile) if options.conformance else explain(profile, options.sop_class), end="")
    return EXIT_OK
