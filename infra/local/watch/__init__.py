"""`watch`: the chain while it works, in a terminal.

`snapshot` gathers what a suite tells of itself (its ledger, the hop of its messages, its logs, its
runner), `picture` turns that into lines of a given width and height, `screen` shows them.
"""
