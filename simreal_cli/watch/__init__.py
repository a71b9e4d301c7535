"""Verbs about watching a camera and a model in production: a report, and what it compares with.

Public: `cli_watch.run`, `cli_watch_reference.run`.
"""
