"""The Cloud Storage emulator.

It checks signatures, expiry, signed headers, preconditions, length ranges, checksums and CORS as
Google's service does. Uploads finish atomically, and changes are published to Pub/Sub.
"""
