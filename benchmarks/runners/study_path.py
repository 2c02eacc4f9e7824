"""The pipeline without Prefect: discovery, staging, validation, release.  python study_path.py IN OUT HOME WORKERS"""

import sys

from deident.context import Context
from deident.discovery import discover
from deident.job import Job
from deident.report import build_report, write_report
from deident.study import WorkerPool, process_study


def main() -> int:
    source, destination, home, workers = sys.argv[1:]
    job = Job(source=source, destination=destination, home=home, workers=int(workers))
    pool = WorkerPool(job.worker_count) if job.worker_count > 1 else None
    with Context.open(job) as context:
        found = discover(context)
        outcomes = [process_study(context, study, pool) for study in found.studies]
        report = build_report(context, found, outcomes)
        write_report(context, report)
    if pool is not None:
        pool.close()
    print(report.inputs)
    return 0 if report.inputs["released"] == report.total else 1


if __name__ == "__main__":
    sys.exit(main())
