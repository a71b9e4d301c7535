"""Automatic domain randomization (OpenAI 2019): ranges that widen as far as the network copes.

Public: `boundaries.boundaries`, `randomization.AutomaticRandomization`, `adr_run.AdrRun`.
"""
