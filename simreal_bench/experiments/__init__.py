"""Experiments with training: runs compared, ranges taken away, settings searched.

Public: `comparison.compare`, `ablation.Ablation`, `seed_spread.difference`,
`photograph_crops.photograph_crops`.
"""
