"""A recording played to perception_node: what is played, what came back, and the report of it.

Public: `ros_recorded_camera.RecordedCamera`, `replay_log.ReplayLog`, `report.write_report`.
"""
