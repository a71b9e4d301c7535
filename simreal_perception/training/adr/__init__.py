"""Automatic domain randomization (OpenAI 2019): ranges that widen as far as the network copes.

Public: `boundaries.boundaries`, `widening_rule.AutomaticRandomization`, `adr_run.AdrRun`.
"""
