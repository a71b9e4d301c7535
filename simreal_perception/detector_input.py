"""The image that the detector works on, for training and estimator alike."""

DETECTOR_WIDTH = 320  # longer side of the small image, pixels
DETECTOR_MULTIPLE = 32  # its sides must be multiples of this: the network halves it five times
