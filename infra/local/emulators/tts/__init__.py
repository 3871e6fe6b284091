"""The Text-to-Speech emulator: the REST API of the real service, implemented with espeak-ng."""
