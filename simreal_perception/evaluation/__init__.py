"""A model measured on images whose truth is known: examples, matching, figures, tables, pages.

Rooms: metrics.

Public: `evaluation.Evaluation`, `evaluation_data.Example`, `evaluation_report.report`.
"""
