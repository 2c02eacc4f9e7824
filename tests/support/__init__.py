"""What the tests share: the corpora, data sets built in code, the planter of identifiers and the search for leaks."""
