"""Files that people might upload, made here: odd ones that must come out right, and wrong ones that
must be told by their name. `python -m tests.corpus` prints what becomes of each."""
