"""The Gemini emulator: the REST APIs of the Gemini Developer API and of Vertex AI, and the metadata
server that issues tokens for Vertex AI. Responses are made from the words of the request."""
