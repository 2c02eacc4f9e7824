"""Keyed, consistent pseudonyms: the same key and the same original always give the same pseudonym, with no shared state."""

from deident.pseudonyms.functions import DERIVATION, Pseudonyms
from deident.pseudonyms.keys import ProjectKey

__all__ = ["DERIVATION", "ProjectKey", "Pseudonyms"]
