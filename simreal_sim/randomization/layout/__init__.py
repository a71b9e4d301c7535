"""Where blocks, distractors and hands stand in a random scene.

Public: `layout.draw_layout`, `layout.Layout`.
"""
