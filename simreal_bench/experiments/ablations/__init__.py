"""Runs that go without one part of the randomization, and the one table of them.

Public: `ablation.Ablation`, `ablation_variants.VARIANTS`, `ablation_table.ablation_table`.
"""
