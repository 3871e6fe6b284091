"""A corpus of generated uploads: unusual files that must be processed correctly, and invalid files
that must be refused with the right error code. `python -m tests.corpus` prints the outcome of each.
"""
