"""One thin Prefect task per stage of a study's path: discovery, deidentification, validation, release, report."""
