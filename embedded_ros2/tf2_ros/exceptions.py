"""Why a transform could not be given."""


class TransformException(Exception):
    """Base of all tf2 errors."""


class LookupException(TransformException):
    """A frame does not exist."""


class ConnectivityException(TransformException):
    """The frames are in different trees."""


class ExtrapolationException(TransformException):
    """The time is outside of what is stored."""


class InvalidArgumentException(TransformException):
    """A frame name or transform that cannot be used."""


class TimeoutException(TransformException):
    """Not available before the timeout."""
