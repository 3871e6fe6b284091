"""Random combinations of containers, codecs, colours, time stamps and damage, with known results.

Expected times, sizes and colours are computed from what a case describes, never by the product.
"""
