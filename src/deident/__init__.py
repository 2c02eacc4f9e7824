"""deident: DICOM bytes in; de-identified bytes, a pseudonym map entry and an audit record out."""

__version__ = "0.1.0"
