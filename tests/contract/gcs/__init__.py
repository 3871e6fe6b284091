"""What Cloud Storage promises, held against the stand-in over the wire."""
