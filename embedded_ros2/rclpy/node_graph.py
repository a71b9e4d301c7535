"""The graph questions of a node."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from embedded_ros2_core.dds.dynamic_types import ros_type_name
from embedded_ros2_core.graph import EndpointInfo

from ._rclpy_pybind11 import NodeNameNonExistentError
from .qos import HistoryPolicy, QoSProfile, from_dds
from .type_hash import TypeHash


class TopicEndpointTypeEnum(IntEnum):
    INVALID = 0
    PUBLISHER = 1
    SUBSCRIPTION = 2


@dataclass
class TopicEndpointInfo:
    """One publisher or subscription of a topic."""

    node_name: str
    node_namespace: str
    topic_type: str
    topic_type_hash: TypeHash
    endpoint_type: TopicEndpointTypeEnum
    endpoint_gid: list[int]
    qos_profile: QoSProfile

    def __str__(self) -> str:
        qos = self.qos_profile
        history = qos.history.name
        if qos.history is HistoryPolicy.KEEP_LAST:
            history = f"{history} ({qos.depth})"
        return "\n".join(
            (
                f"Node name: {self.node_name}",
                f"Node namespace: {self.node_namespace}",
                f"Topic type: {self.topic_type}",
                f"Topic type hash: {self.topic_type_hash}",
                f"Endpoint type: {self.endpoint_type.name}",
                f"GID: {'.'.join(f'{byte:02x}' for byte in self.endpoint_gid)}",
                "QoS profile:",
                f"  Reliability: {qos.reliability.name}",
                f"  History (Depth): {history}",
                f"  Durability: {qos.durability.name}",
                f"  Lifespan: {qos.lifespan}",
                f"  Deadline: {qos.deadline}",
                f"  Liveliness: {qos.liveliness.name}",
                f"  Liveliness lease duration: {qos.liveliness_lease_duration}",
            )
        )


def service_type(type_name: str) -> str:
    """'pkg/srv/Name' from the DDS type of a request or reply."""
    name = ros_type_name(type_name)
    for suffix in ("_Request", "_Response"):
        if name.endswith(suffix):
            return name[: -len(suffix)]
    return name


def _topic(info: EndpointInfo, no_demangle: bool) -> tuple[str, str] | None:
    if no_demangle:
        return info.topic, info.type_name
    return (info.topic[2:], info.ros_type) if info.topic.startswith("rt/") else None


def _service(info: EndpointInfo) -> tuple[str, str] | None:
    if info.topic.startswith("rq/") and info.topic.endswith("Request"):
        return info.topic[2 : -len("Request")], service_type(info.type_name)
    if info.topic.startswith("rr/") and info.topic.endswith("Reply"):
        return info.topic[2 : -len("Reply")], service_type(info.type_name)
    return None


def _collect(pairs: Any) -> list[tuple[str, list[str]]]:
    found: dict[str, set[str]] = {}
    for pair in pairs:
        if pair is not None:
            found.setdefault(pair[0], set()).add(pair[1])
    return sorted((name, sorted(types)) for name, types in found.items())


class GraphQueries:
    """Mixed into Node; needs `_context` and `_rcl_resolve`."""

    _context: Any
    _rcl_resolve: Any

    def _rcl_all(self) -> list[EndpointInfo]:
        graph = self._context.graph
        return [*graph.publications(), *graph.subscriptions()]

    def get_topic_names_and_types(self, no_demangle: bool = False) -> list[tuple[str, list[str]]]:
        return _collect(_topic(info, no_demangle) for info in self._rcl_all())

    def get_service_names_and_types(self) -> list[tuple[str, list[str]]]:
        return _collect(
            _service(info)
            for info in self._rcl_all()
            if info.is_reader == info.topic.startswith("rq/")
        )

    def get_node_names_and_namespaces(self) -> list[tuple[str, str]]:
        return [(node.name, node.namespace) for node in self._context.graph.nodes()]

    def get_node_names(self) -> list[str]:
        return [node.name for node in self._context.graph.nodes()]

    def get_fully_qualified_node_names(self) -> list[str]:
        return [node.full_name for node in self._context.graph.nodes()]

    def get_node_names_and_namespaces_with_enclaves(self) -> list[tuple[str, str, str]]:
        return [(name, namespace, "/") for name, namespace in self.get_node_names_and_namespaces()]

    def _rcl_of_node(self, name: str, namespace: str) -> list[EndpointInfo]:
        for node in self._context.graph.nodes():
            if node.name == name and node.namespace == namespace:
                guids = {*node.readers, *node.writers}
                return [info for info in self._rcl_all() if info.guid in guids]
        raise NodeNameNonExistentError(
            f"cannot get endpoints of node '{name}' in '{namespace}': it is not in the graph"
        )

    def get_publisher_names_and_types_by_node(
        self,
        node_name: str,
        node_namespace: str,
        no_demangle: bool = False,
    ) -> list[tuple[str, list[str]]]:
        infos = self._rcl_of_node(node_name, node_namespace)
        return _collect(_topic(info, no_demangle) for info in infos if not info.is_reader)

    def get_subscriber_names_and_types_by_node(
        self,
        node_name: str,
        node_namespace: str,
        no_demangle: bool = False,
    ) -> list[tuple[str, list[str]]]:
        infos = self._rcl_of_node(node_name, node_namespace)
        return _collect(_topic(info, no_demangle) for info in infos if info.is_reader)

    def get_service_names_and_types_by_node(
        self,
        node_name: str,
        node_namespace: str,
    ) -> list[tuple[str, list[str]]]:
        infos = self._rcl_of_node(node_name, node_namespace)
        return _collect(
            _service(info) for info in infos if info.is_reader and info.topic.startswith("rq/")
        )

    def get_client_names_and_types_by_node(
        self, node_name: str, node_namespace: str
    ) -> list[tuple[str, list[str]]]:
        infos = self._rcl_of_node(node_name, node_namespace)
        return _collect(
            _service(info) for info in infos if info.is_reader and info.topic.startswith("rr/")
        )

    def _rcl_count(self, infos: list[EndpointInfo], dds_name: str) -> int:
        return sum(info.topic == dds_name for info in infos)

    def count_publishers(self, topic_name: str) -> int:
        return self._rcl_count(
            self._context.graph.publications(), "rt" + self._rcl_resolve(topic_name, "topic")
        )

    def count_subscribers(self, topic_name: str) -> int:
        return self._rcl_count(
            self._context.graph.subscriptions(), "rt" + self._rcl_resolve(topic_name, "topic")
        )

    def count_services(self, service_name: str) -> int:
        return self._rcl_count(
            self._context.graph.subscriptions(),
            f"rq{self._rcl_resolve(service_name, 'service')}Request",
        )

    def count_clients(self, service_name: str) -> int:
        return self._rcl_count(
            self._context.graph.subscriptions(),
            f"rr{self._rcl_resolve(service_name, 'service')}Reply",
        )

    def _rcl_infos(
        self, infos: list[EndpointInfo], topic: str, no_mangle: bool
    ) -> list[TopicEndpointInfo]:
        dds_name = topic if no_mangle else "rt" + self._rcl_resolve(topic, "topic")
        nodes = self._context.graph.node_of()
        found = []
        for info in infos:
            if info.topic != dds_name:
                continue
            node = nodes.get(info.guid)
            hashes = [
                item[len(b"typehash=") :]
                for item in info.qos.user_data.split(b";")
                if item.startswith(b"typehash=")
            ]
            found.append(
                TopicEndpointInfo(
                    node.name if node else "_NODE_NAME_UNKNOWN_",
                    node.namespace if node else "_NODE_NAMESPACE_UNKNOWN_",
                    info.type_name if no_mangle else info.ros_type,
                    TypeHash._rcl_read(hashes[0].decode() if hashes else ""),
                    TopicEndpointTypeEnum.SUBSCRIPTION
                    if info.is_reader
                    else TopicEndpointTypeEnum.PUBLISHER,
                    list(info.guid),
                    from_dds(info.qos),
                )
            )
        return found

    def get_publishers_info_by_topic(
        self, topic_name: str, no_mangle: bool = False
    ) -> list[TopicEndpointInfo]:
        return self._rcl_infos(self._context.graph.publications(), topic_name, no_mangle)

    def get_subscriptions_info_by_topic(
        self, topic_name: str, no_mangle: bool = False
    ) -> list[TopicEndpointInfo]:
        return self._rcl_infos(self._context.graph.subscriptions(), topic_name, no_mangle)
