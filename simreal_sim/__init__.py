"""What the world looks like and does: scenes, randomization, renderers, physics, the sim node."""
