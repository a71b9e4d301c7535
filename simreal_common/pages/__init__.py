"""Pages for people, made of templates and plots: reports of runs, replays and evaluations.

Public: `html_page.fill_page`, `svg_plots.scatter`.
"""
