"""What every part of simreal shares: geometry, camera model, errors, messages. No policy.

Rooms: shapes, lenses, settings, imaging, frames, pages.

Public: `geometry.Pose`, `camera.Camera`, `block_estimate.BlockEstimate`, `errors.SimrealError`,
`ros_process.run_node`, `output_files.write_whole`.
"""
