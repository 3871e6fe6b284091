"""Contract tests: the behaviour of Cloud Storage, checked on the emulator over HTTP."""
