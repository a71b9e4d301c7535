"""The DDS domain of this process: which interface it talks on, created once per domain id and
counted."""

from __future__ import annotations

import os
import threading

from ..definitions import Registry
from .dynamic_types import TypeBuilder
from .library import check, lib
from .loopback import keep_to_loopback

MAX_DOMAIN_ID = 232
# 120 participants on one host; without multicast every port up to this index is tried at start-up.
_MAX_PARTICIPANT_INDEX = 119

# A 640x480 image is 15 datagrams of this size instead of 70 of the default size; the loopback
# carries 64 KiB.
_LOOPBACK_SIZES = """
      <MaxMessageSize>65500B</MaxMessageSize><FragmentSize>65000B</FragmentSize>"""

_CONFIG = """
<CycloneDDS><Domain Id="any">
  <General>{interfaces}
    <AllowMulticast>{multicast}</AllowMulticast>{sizes}
  </General>
  <Discovery>
    <ParticipantIndex>auto</ParticipantIndex><MaxAutoParticipantIndex>{max_index}</MaxAutoParticipantIndex>
    {peers}
  </Discovery>
  <Internal>
    <SocketReceiveBufferSize min="default" max="8MiB"/>
    <Watermarks><WhcHigh>8MB</WhcHigh></Watermarks>
  </Internal>
  <Tracing><Verbosity>{verbosity}</Verbosity><OutputFile>stderr</OutputFile></Tracing>
</Domain></CycloneDDS>
"""

_lock = threading.Lock()
_users: dict[int, int] = {}
_handles: dict[int, int] = {}
_types: dict[int, list[tuple[Registry, TypeBuilder]]] = {}


class DomainError(RuntimeError):
    """A domain id or discovery range that cannot be used."""


def domain_id_from_environment() -> int:
    """ROS_DOMAIN_ID, 0 when unset."""
    text = os.environ.get("ROS_DOMAIN_ID", "").strip()
    if not text:
        return 0
    if not text.isdigit() or int(text) > MAX_DOMAIN_ID:
        raise DomainError(
            f"ROS_DOMAIN_ID is '{text}'; it must be an integer from 0 to {MAX_DOMAIN_ID}"
        )
    return int(text)


def _configuration() -> tuple[str, bool] | None:
    """The XML configuration, and whether it stays on the loopback; None leaves CYCLONEDDS_URI in
    charge."""
    if os.environ.get("CYCLONEDDS_URI"):
        return None
    wanted = os.environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST").upper()
    static = [peer for peer in os.environ.get("ROS_STATIC_PEERS", "").split(";") if peer]
    if wanted not in ("LOCALHOST", "SUBNET", "OFF"):
        raise DomainError(
            f"ROS_AUTOMATIC_DISCOVERY_RANGE is '{wanted}'; embedded_ros2 knows LOCALHOST (default), SUBNET and OFF"
        )
    addresses = [] if wanted == "OFF" else ["127.0.0.1"]
    peers = "".join(f'<Peer Address="{peer}"/>' for peer in addresses + static)
    local = wanted != "SUBNET" and not static
    config = _CONFIG.format(
        interfaces='<Interfaces><NetworkInterface address="127.0.0.1"/></Interfaces>'
        if local
        else "",
        multicast="true" if wanted == "SUBNET" else "false",
        sizes=_LOOPBACK_SIZES if local else "",
        max_index=_MAX_PARTICIPANT_INDEX,
        peers=f"<Peers>{peers}</Peers>" if peers else "",
        verbosity=os.environ.get("EMBEDDED_ROS2_DDS_VERBOSITY", "severe"),
    )
    return config, local


def acquire(domain_id: int) -> None:
    """Make sure the domain exists; pair with `release`."""
    with _lock:
        if _users.get(domain_id, 0) == 0:
            wanted = _configuration()
            if wanted is not None:
                config, local = wanted
                _handles[domain_id] = check(
                    lib.dds_create_domain(domain_id, config.strip().encode()),
                    f"creating domain {domain_id}",
                )
                if local:
                    keep_to_loopback(domain_id)
        _users[domain_id] = _users.get(domain_id, 0) + 1


def types_of(domain_id: int, registry: Registry) -> TypeBuilder:
    """What describes the types of a registry to a domain, for as long as that has a user."""
    with _lock:
        builders = _types.setdefault(domain_id, [])
        for known, builder in builders:
            if known is registry:
                return builder
        builders.append((registry, TypeBuilder(registry)))
        return builders[-1][1]


def release(domain_id: int, participant: int | None = None) -> None:
    """Drop one use and delete the participant that was it; the last one stops the domain's threads."""
    with _lock:
        _users[domain_id] -= 1
        if _users[domain_id] == 0:
            for _, builder in _types.pop(domain_id, []):
                builder.close()
            if participant is not None:
                lib.dds_delete(participant)
            if domain_id in _handles:
                lib.dds_delete(_handles.pop(domain_id))
            return
    if participant is not None:
        lib.dds_delete(participant)
