"""The configuration of domain randomization: what each group varies, within which ranges.

Public: `randomization_config.RandomizationConfig`, `ranges.Uniform`.
"""
