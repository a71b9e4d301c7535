"""The configuration of domain randomization: what each group varies, within which ranges.

Public: `groups.Randomization`, `ranges.Uniform`.
"""
