"""Data one has looked at: labels checked, distributions, duplicates, coverage of real photographs.

Public: `inspection.inspect_pictures`, `label_checks.check_labels`, `inspection_page.inspection_page`.
"""
