"""The command line: the one place that reads argv, prints and sets exit codes."""

from deident.cli.main import main

__all__ = ["main"]
