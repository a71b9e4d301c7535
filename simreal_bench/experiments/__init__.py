"""Experiments with training: runs compared, parts of the randomization taken away, settings searched.

Public: `seed_spread.Difference`, `ablation.Ablation`, `photograph_crops.photograph_crops`.
"""
