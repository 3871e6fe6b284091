"""The Speech-to-Text emulator: the REST API of the real service, implemented with Whisper."""
