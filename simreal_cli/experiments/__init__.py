"""Verbs of experiments with training.

Public: `cli_ablate.run`.
"""
