"""The estimator beside printed tags on the same frames: scenes, comparison, plot.

Public: `tag_comparison.compare_tags`, `tagged_scenes.TaggedScenes`.
"""
