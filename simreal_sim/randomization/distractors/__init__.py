"""What distractors are, things that are no blocks: a function each, and the share it has by default.

A new one is a function like `boxes.plate`, entered in `registry.DISTRACTORS`.

Public: `registry.DISTRACTORS`, `bodies.Bodies`, `bodies.Draw`.
"""
