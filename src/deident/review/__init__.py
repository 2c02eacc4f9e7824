"""The review gate: which studies wait, and the decisions that release or hold them."""

from deident.review.decide import Answer, Decided, Verdict, decide, expire, new_records
from deident.review.desk import Desk, Waiting, reviewer_reference, waiting_studies
from deident.review.report import end_review, review_report

__all__ = [
    "Answer",
    "Decided",
    "Desk",
    "Verdict",
    "Waiting",
    "decide",
    "end_review",
    "expire",
    "new_records",
    "review_report",
    "reviewer_reference",
    "waiting_studies",
]
