"""From checkpoints to the model that ships: calibration, ONNX files and their card.

Public: `export.export`, `calibrate.calibrate`.
"""
