"""Before a long run: smoke checks, one batch learned by heart, the curriculum up to everything.

Public: `first_checks.it_runs`, `overfit.overfit`, `curriculum.run_curriculum`.
"""
