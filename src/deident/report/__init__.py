"""The report of a run, for people and for machines; it holds no identifier and asks nothing of the network."""

from deident.report.build import build_report
from deident.report.model import ReasonLine, RunReport, StudyLine
from deident.report.write import ReportFiles, write_report

__all__ = ["ReasonLine", "ReportFiles", "RunReport", "StudyLine", "build_report", "write_report"]
