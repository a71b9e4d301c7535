"""Values of options, checked as they are read; for verbs in whatever room.

Public: `arguments.positive`, `arguments.nonempty_path`, `arguments.output_file`.
"""
