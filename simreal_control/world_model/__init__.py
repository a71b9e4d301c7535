"""What is believed of the blocks: detections of a resting scene to a map, and a structure in it.

Public: `block_map.Block`, `look.Look`, `lookout.Lookout`, `structure.Structure`.
"""
