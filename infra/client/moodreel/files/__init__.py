"""Local files: their media types, checksums and names, and the inputs that they can be."""
