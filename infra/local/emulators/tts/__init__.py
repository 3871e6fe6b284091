"""The Text-to-Speech stand-in: the real service's REST interface, spoken by espeak-ng."""
