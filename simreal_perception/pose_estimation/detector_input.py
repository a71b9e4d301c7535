"""What the detector asks of the images that it works on."""

DETECTOR_MULTIPLE = 32  # their sides must be multiples of this: the network halves it five times
