"""The record of a run, and the run told from it as text and as a page with pictures.

Public: `run_record.RunRecord`, `story.tell`, `story_text.as_text`.
"""
