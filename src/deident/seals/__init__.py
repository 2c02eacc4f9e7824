"""What makes the ledger trustworthy: keyed seals on its records, a sealed record of every run, and their verification."""
