"""What is believed of the blocks: detections of a resting scene to a map, and a structure in it.

Public: `block_map.Block`, `scene_observation.SceneObservation`,
`observation_buffer.ObservationBuffer`, `structure.Structure`.
"""
