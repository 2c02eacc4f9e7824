"""The flows of this ETL; a folder of the same name in deident is `deident.flows`, so nothing clashes."""
