"""From images to block poses: data, networks, training, export, estimator, node."""
