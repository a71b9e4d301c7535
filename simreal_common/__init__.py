"""What every part of simreal shares: geometry, camera model, errors, messages. No policy.

Public: `geometry.Pose`, `camera.Camera`, `block_estimate.BlockEstimate`, `errors.SimrealError`,
`settings.parameters.parameter`, `ros_process.run_node`, `output_files.write_whole`.
"""
