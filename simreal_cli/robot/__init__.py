"""Verbs about a robot's set-up: does control fit it, and what can its nodes be told.

Public: `cli_check_robot.run`, `cli_parameters.run`.
"""
