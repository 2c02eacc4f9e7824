"""The exit codes of the command line."""

from __future__ import annotations

from typing import Final

__all__ = ["EXIT_HELD", "EXIT_INTERRUPTED", "EXIT_OK", "EXIT_PIPE", "EXIT_USAGE"]

#: Everything was released.
EXIT_OK: Final = 0
#: Something was skipped or quarantined, or the run had to stop; the messages say why.
EXIT_HELD: Final = 1
#: The call cannot be carried out as it was asked.
EXIT_USAGE: Final = 2
#: Stopped by Ctrl-C: what was released until then is whole.
EXIT_INTERRUPTED: Final = 130
#: Whoever read what a command prints went away before its verdict (128 and SIGPIPE, as for any other tool).
EXIT_PIPE: Final = 141
