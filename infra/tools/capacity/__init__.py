"""How long a burst of uploads takes, which limit binds first, and what raising it buys.

A discrete-event simulation of the function table with the measured work of `infra.tools.costs` and
Google's default quotas: `python -m infra.tools.capacity --uploads 10000 --within 60s`.
"""
