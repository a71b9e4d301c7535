"""Verbs of `simreal` that hold the estimator against what others use.

Public: `cli_compare_tags.run`.
"""
