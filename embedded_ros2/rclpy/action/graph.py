"""Which actions exist: they are recognised by their feedback topic and their send_goal service."""

from __future__ import annotations

from typing import Any

_FEEDBACK = "/_action/feedback"
_MESSAGE = "_FeedbackMessage"


def _actions(pairs: list[tuple[str, list[str]]]) -> list[tuple[str, list[str]]]:
    return [
        (
            name[: -len(_FEEDBACK)],
            [kind[: -len(_MESSAGE)] if kind.endswith(_MESSAGE) else kind for kind in types],
        )
        for name, types in pairs
        if name.endswith(_FEEDBACK)
    ]


def get_action_names_and_types(node: Any) -> list[tuple[str, list[str]]]:
    return _actions(node.get_topic_names_and_types())


def get_action_server_names_and_types_by_node(
    node: Any,
    remote_node_name: str,
    remote_node_namespace: str,
) -> list[tuple[str, list[str]]]:
    return _actions(
        node.get_publisher_names_and_types_by_node(remote_node_name, remote_node_namespace)
    )


def get_action_client_names_and_types_by_node(
    node: Any,
    remote_node_name: str,
    remote_node_namespace: str,
) -> list[tuple[str, list[str]]]:
    return _actions(
        node.get_subscriber_names_and_types_by_node(remote_node_name, remote_node_namespace)
    )
