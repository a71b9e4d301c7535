"""Whole launches that are disturbed, or that run for hours, and what is left of them.

Public: `launched_run.LaunchedRun`, `kill_bench.run_kills`, `soak.run_soak`.
"""
