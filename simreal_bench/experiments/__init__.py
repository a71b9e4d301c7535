"""Experiments with training: runs read, measured alike, compared and reported.

Rooms: ablations, sweeps.

Public: `comparison.compare`, `run_report.report_run`, `seed_spread.difference`,
`photograph_crops.photograph_crops`.
"""
