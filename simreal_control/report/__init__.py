"""The record of a run, and the run report made from it: text, and a page with pictures.

Public: `run_record.RunRecord`, `run_report.compile_report`, `report_text.as_text`.
"""
