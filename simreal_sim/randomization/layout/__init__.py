"""Where blocks, distractors and hands stand in a random scene, and what the distractors are.

Public: `layout.draw_layout`, `layout.Layout`.
"""
