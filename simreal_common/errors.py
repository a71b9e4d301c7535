"""The exceptions simreal raises. All derive from `SimrealError`.

A command line prints them as one line.
Every message says what was got, what is wanted and how to mend it, in one sentence or two.
"""

from __future__ import annotations


class SimrealError(Exception):
    """Root of everything that simreal raises on purpose."""


class ConfigurationError(SimrealError):
    """A parameter, option or configuration file has a value that cannot be used."""


class CalibrationError(SimrealError):
    """A camera calibration is missing, incomplete or does not fit the image."""


class ImageError(SimrealError):
    """An image cannot be read or has an encoding that is not known."""


class ModelError(SimrealError):
    """A model file is missing, does not match its card, or cannot be run."""


class KinematicsError(SimrealError):
    """No joint configuration or motion satisfies what was asked."""


class MissingDependencyError(SimrealError):
    """An optional library is needed for this job; the message carries the install command."""


class MessageError(SimrealError):
    """What another program sent cannot be used; it is left out, and nothing ends for it."""


class OwnershipError(SimrealError):
    """Another node drives what this one was about to drive, or drives already."""
