"""A search for good settings of training with Optuna.

Public: `sweep.Sweep`, `search_space.Varied`, `sweep_page.sweep_page`.
"""
