"""Files and folders in, de-identified files and an audit out: what the command line and the Python API share."""

from deident.anonymizer.client import DICOMAnonymizer
from deident.anonymizer.result import AnonymizationResult, AnonymizedTag, DirectoryResult

__all__ = ["AnonymizationResult", "AnonymizedTag", "DICOMAnonymizer", "DirectoryResult"]
