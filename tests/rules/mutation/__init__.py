"""A mutation of every rule: what no test of the rules' behaviour notices is found here, or justified.

`python -m tests.rules.mutation` runs all mutants, `make mutate` is that; a sample of them runs in `make test`.
"""
