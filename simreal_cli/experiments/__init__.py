"""Verbs of experiments with training.

Public: `cli_compare.run`, `cli_ablate.run`, `cli_sweep.run`, `cli_report.run`.
"""
