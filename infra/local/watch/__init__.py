"""`watch`: shows the pipeline live in a terminal.

`snapshot` collects the state of a suite (Firestore, push emulator, logs, runner), `draw` turns it
into lines of a given width and height, `screen` displays them.
"""
