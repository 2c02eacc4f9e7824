"""Keyed, consistent pseudonyms: the same key and the same original always give the same pseudonym, with no shared state."""

from deident.pseudonyms.functions import DERIVATION, Pseudonyms, Subject
from deident.pseudonyms.keys import ProjectKey
from deident.pseudonyms.subjects import SubjectList, Unlisted

__all__ = ["DERIVATION", "ProjectKey", "Pseudonyms", "Subject", "SubjectList", "Unlisted"]
