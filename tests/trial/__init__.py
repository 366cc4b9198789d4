"""Trials: what breaks is broken on purpose, on a real server process, and what is left is counted.

Each row of the table is an async function that takes a folder and a ``scale`` and returns a ``Row``. ``make test``
calls them small (``test_short.py``), ``make trial`` long (``python -m tests.trial``), which prints one table.
"""
