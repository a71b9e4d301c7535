"""An image in, block poses out: detection, PnP and alignment to edges; needs no torch.

Public: `estimator.BlockEstimator`, `crop_camera.CropCamera`, `calibration.Calibration`.
"""
