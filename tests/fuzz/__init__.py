"""Valid files, bent at random, through intake and extraction. `python -m tests.fuzz --help`."""
