"""Experiments with training: runs read, measured alike, compared and reported.

Rooms: ablations, sweeps.

Public: `comparison.compare`, `training_report.report_training`, `seed_spread.difference`,
`photograph_crops.photograph_crops`.
"""
