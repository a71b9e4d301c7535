"""Quality of service: profiles, policies, presets."""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import Any

from embedded_ros2_core.dds.library import INFINITY
from embedded_ros2_core.dds.qos import (
    AUTOMATIC,
    BEST_EFFORT,
    KEEP_ALL,
    KEEP_LAST,
    MANUAL_BY_TOPIC,
    RELIABLE,
    TRANSIENT_LOCAL,
    VOLATILE,
    DdsQos,
)

from .duration import Duration, Infinite


class QoSPolicyKind(IntEnum):
    INVALID = 1
    DURABILITY = 2
    DEADLINE = 4
    LIVELINESS = 8
    RELIABILITY = 16
    HISTORY = 32
    LIFESPAN = 64
    DEPTH = 128
    LIVELINESS_LEASE_DURATION = 256
    AVOID_ROS_NAMESPACE_CONVENTIONS = 512


class QoSException(Exception):
    pass


class InvalidQoSProfileException(QoSException):
    def __init__(self, *args: object) -> None:
        super().__init__("Invalid QoSProfile", *args)


class QoSPolicyEnum(IntEnum):
    @classmethod
    def short_keys(cls) -> list[str]:
        return [
            name.lower()
            for name in cls.__members__
            if not name.startswith("RMW_") and name != "UNKNOWN"
        ]

    @classmethod
    def get_from_short_key(cls, name: str) -> int:
        return cls[name.upper()].value

    @property
    def short_key(self) -> str:
        return self.name.lower()


class HistoryPolicy(QoSPolicyEnum):
    SYSTEM_DEFAULT = 0
    KEEP_LAST = 1
    KEEP_ALL = 2
    UNKNOWN = 3


class ReliabilityPolicy(QoSPolicyEnum):
    SYSTEM_DEFAULT = 0
    RELIABLE = 1
    BEST_EFFORT = 2
    UNKNOWN = 3
    BEST_AVAILABLE = 4


class DurabilityPolicy(QoSPolicyEnum):
    SYSTEM_DEFAULT = 0
    TRANSIENT_LOCAL = 1
    VOLATILE = 2
    UNKNOWN = 3
    BEST_AVAILABLE = 4


class LivelinessPolicy(QoSPolicyEnum):
    SYSTEM_DEFAULT = 0
    AUTOMATIC = 1
    MANUAL_BY_TOPIC = 3
    UNKNOWN = 4
    BEST_AVAILABLE = 5


QoSHistoryPolicy, QoSReliabilityPolicy = HistoryPolicy, ReliabilityPolicy
QoSDurabilityPolicy, QoSLivelinessPolicy = DurabilityPolicy, LivelinessPolicy
_UNSET = Duration()


class QoSProfile:
    """At least `depth` or `history` must be given; the rest has the defaults of rclpy."""

    def __init__(
        self,
        *,
        depth: int | None = None,
        history: int | None = None,
        reliability: int = ReliabilityPolicy.RELIABLE,
        durability: int = DurabilityPolicy.VOLATILE,
        lifespan: Duration | None = None,
        deadline: Duration | None = None,
        liveliness: int = LivelinessPolicy.SYSTEM_DEFAULT,
        liveliness_lease_duration: Duration | None = None,
        avoid_ros_namespace_conventions: bool = False,
    ) -> None:
        if history is None:
            if depth is None:
                raise InvalidQoSProfileException("History and/or depth settings are required.")
            history = HistoryPolicy.KEEP_LAST
        self.history = HistoryPolicy(history)
        if self.history is HistoryPolicy.KEEP_LAST and depth is None:
            raise InvalidQoSProfileException("History set to KEEP_LAST without a depth setting.")
        if depth is not None and (not isinstance(depth, int) or depth < 0):
            raise ValueError(f"depth must be an int >= 0, got {depth!r}")
        self.depth = depth or 0
        self.reliability = ReliabilityPolicy(reliability)
        self.durability = DurabilityPolicy(durability)
        self.liveliness = LivelinessPolicy(liveliness)
        for name, value in (
            ("lifespan", lifespan),
            ("deadline", deadline),
            ("liveliness_lease_duration", liveliness_lease_duration),
        ):
            if value is not None and not isinstance(value, Duration):
                raise TypeError(f"{name} must be a rclpy.duration.Duration, got {value!r}")
        self.lifespan = lifespan or Duration()
        self.deadline = deadline or Duration()
        self.liveliness_lease_duration = liveliness_lease_duration or Duration()
        self.avoid_ros_namespace_conventions = bool(avoid_ros_namespace_conventions)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, QoSProfile) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        inside = ", ".join(
            f"{name}={value.name if isinstance(value, Enum) else value}"
            for name, value in self.__dict__.items()
        )
        return f"QoSProfile({inside})"

    def get_c_qos_profile(self) -> QoSProfile:
        return self


def _duration_ns(value: Duration) -> int:
    return INFINITY if value.nanoseconds <= 0 else value.nanoseconds


def to_dds(profile: QoSProfile, user_data: bytes = b"", *, depth_default: int = 1) -> DdsQos:
    """The DDS settings for a profile, as rmw_cyclonedds makes them."""
    for policy in (profile.reliability, profile.durability, profile.liveliness):
        if policy.name == "BEST_AVAILABLE":
            raise NotImplementedError(
                f"QoS {type(policy).__name__}.BEST_AVAILABLE is not supported by embedded_ros2"
            )
        if policy.name == "UNKNOWN":
            raise InvalidQoSProfileException(f"{type(policy).__name__}.UNKNOWN cannot be asked for")
    return DdsQos(
        history=KEEP_ALL if profile.history is HistoryPolicy.KEEP_ALL else KEEP_LAST,
        depth=profile.depth or depth_default,
        reliability=BEST_EFFORT
        if profile.reliability is ReliabilityPolicy.BEST_EFFORT
        else RELIABLE,
        durability=TRANSIENT_LOCAL
        if profile.durability is DurabilityPolicy.TRANSIENT_LOCAL
        else VOLATILE,
        deadline_ns=_duration_ns(profile.deadline),
        lifespan_ns=_duration_ns(profile.lifespan),
        liveliness=MANUAL_BY_TOPIC
        if profile.liveliness is LivelinessPolicy.MANUAL_BY_TOPIC
        else AUTOMATIC,
        lease_ns=_duration_ns(profile.liveliness_lease_duration),
        user_data=user_data,
    )


def from_dds(qos: DdsQos) -> QoSProfile:
    """What a discovered endpoint offers or asks for."""

    def span(nanoseconds: int) -> Duration:
        return Infinite() if nanoseconds >= INFINITY else Duration(nanoseconds=nanoseconds)

    # history and depth are not part of discovery data; rmw reports them as unknown
    profile = QoSProfile(
        history=HistoryPolicy.UNKNOWN,
        depth=0,
        reliability=ReliabilityPolicy.RELIABLE
        if qos.reliability == RELIABLE
        else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL
        if qos.durability == TRANSIENT_LOCAL
        else (DurabilityPolicy.VOLATILE),
        lifespan=span(qos.lifespan_ns),
        deadline=span(qos.deadline_ns),
        liveliness=LivelinessPolicy.MANUAL_BY_TOPIC
        if qos.liveliness == MANUAL_BY_TOPIC
        else (LivelinessPolicy.AUTOMATIC),
        liveliness_lease_duration=span(qos.lease_ns),
    )
    return profile


def as_profile(value: Any) -> QoSProfile:
    """A profile, or a depth as rclpy allows: keep-last, reliable, volatile."""
    if isinstance(value, QoSProfile):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 0:
            raise ValueError("history depth must be greater than or equal to zero")
        return QoSProfile(depth=value)
    raise TypeError(f"Expected QoSProfile or int, but received {value!r}")


qos_profile_default = QoSProfile(depth=10)
qos_profile_system_default = QoSProfile(
    history=HistoryPolicy.SYSTEM_DEFAULT,
    depth=0,
    reliability=ReliabilityPolicy.SYSTEM_DEFAULT,
    durability=DurabilityPolicy.SYSTEM_DEFAULT,
)
qos_profile_sensor_data = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
qos_profile_services_default = QoSProfile(depth=10)
qos_profile_parameters = QoSProfile(depth=1000)
qos_profile_parameter_events = QoSProfile(depth=1000)
qos_profile_rosout_default = QoSProfile(
    depth=1000, durability=DurabilityPolicy.TRANSIENT_LOCAL, lifespan=Duration(seconds=10)
)
qos_profile_action_status_default = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
qos_profile_clock = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
qos_profile_unknown = QoSProfile(history=HistoryPolicy.UNKNOWN, depth=0)


class QoSPresetProfiles(Enum):
    UNKNOWN = qos_profile_unknown
    DEFAULT = qos_profile_default
    SYSTEM_DEFAULT = qos_profile_system_default
    SENSOR_DATA = qos_profile_sensor_data
    SERVICES_DEFAULT = qos_profile_services_default
    PARAMETERS = qos_profile_parameters
    PARAMETER_EVENTS = qos_profile_parameter_events
    ACTION_STATUS_DEFAULT = qos_profile_action_status_default

    @classmethod
    def short_keys(cls) -> list[str]:
        return [name.lower() for name in cls.__members__ if name != "UNKNOWN"]

    @classmethod
    def get_from_short_key(cls, name: str) -> QoSProfile:
        return cls[name.upper()].value
