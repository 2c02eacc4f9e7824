"""Pages for manual QA: thumbnails of the outputs, kept in the project home under the access of staging."""

from deident.qa.pages import write_index, write_page

__all__ = ["write_index", "write_page"]
