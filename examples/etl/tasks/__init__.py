"""The tasks of this ETL."""
