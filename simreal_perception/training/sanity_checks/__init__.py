"""Before a long run: the real loop watched, one batch by heart, the curriculum up to everything.

Public: `first_checks.it_runs`, `overfit.overfit`, `curriculum.run_curriculum`.
"""
