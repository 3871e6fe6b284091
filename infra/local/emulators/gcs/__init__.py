"""A stand-in for Cloud Storage on one machine that really verifies.

Signatures, expiry, signed headers, preconditions, length ranges, checksums and CORS are checked as
Google's service checks them; uploads finish atomically; what changes is announced to Pub/Sub.
"""
