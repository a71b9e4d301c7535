"""Values of options, checked as they are read; for verbs in whatever room.

Public: `arguments.positive`, `arguments.probability`.
"""
