"""The Gemini emulator: the REST interfaces of the Gemini Developer API and of Vertex AI, with the
metadata server that authorizes a function there. Answers are made of the request's own words."""
