"""Endless batches of training images with their labels, drawn as they are needed.

Public: `pose_data.CropSource`, `detector_data.WindowSource`, `edge_labels.edge_fields`.
"""
