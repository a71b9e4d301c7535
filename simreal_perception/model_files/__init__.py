"""The files of a model: its card, and its networks, opened and checked; needs no torch.

Public: `model_card.ModelCard`, `model_card.load_model_card`, `onnx_session.open_network`,
`detector_layer.DetectorLayer`.
"""
