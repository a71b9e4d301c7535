"""Pages for people, made of templates: reports of runs and of replays.

Public: `html_page.fill_page`.
"""
