"""LifecycleNode: a node whose states others change."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._rclpy_pybind11 import RCLError
from ..node import Node
from .managed_entity import ManagedEntity
from .publisher import LifecyclePublisher
from .transitions import (
    ERROR_PROCESSING,
    FINALIZED,
    STATES,
    TRANSITIONS,
    UNCONFIGURED,
    Transition,
    TransitionCallbackReturn,
    find,
)

SUCCESS, FAILURE, ERROR = (
    TransitionCallbackReturn.SUCCESS,
    TransitionCallbackReturn.FAILURE,
    TransitionCallbackReturn.ERROR,
)


class LifecycleState(NamedTuple):
    """A state by its label and number."""

    label: str
    state_id: int


class LifecycleNodeMixin(ManagedEntity):
    """The managed part of LifecycleNode; wants to be mixed into a Node."""

    def _rcl_start_lifecycle(self: Any, services: bool) -> None:
        self._rcl_state = UNCONFIGURED
        self._managed_entities: list[ManagedEntity] = []
        self._rcl_transition_event: Any = None
        if not services:
            return
        from lifecycle_msgs import srv
        from lifecycle_msgs.msg import TransitionEvent

        self._rcl_transition_event = self.create_publisher(
            TransitionEvent, "~/transition_event", 10
        )
        for kind, name, answer in (
            (srv.ChangeState, "change_state", self._rcl_on_change),
            (srv.GetState, "get_state", self._rcl_on_get_state),
            (srv.GetAvailableStates, "get_available_states", self._rcl_on_states),
            (srv.GetAvailableTransitions, "get_available_transitions", self._rcl_on_available),
            (srv.GetAvailableTransitions, "get_transition_graph", self._rcl_on_graph),
        ):
            self.create_service(kind, f"~/{name}", answer)

    # -- what a program asks for
    def trigger_configure(self) -> TransitionCallbackReturn:
        return self._rcl_trigger("configure")

    def trigger_cleanup(self) -> TransitionCallbackReturn:
        return self._rcl_trigger("cleanup")

    def trigger_activate(self) -> TransitionCallbackReturn:
        return self._rcl_trigger("activate")

    def trigger_deactivate(self) -> TransitionCallbackReturn:
        return self._rcl_trigger("deactivate")

    def trigger_shutdown(self) -> TransitionCallbackReturn:
        return self._rcl_trigger("shutdown")

    def add_managed_entity(self: Any, entity: ManagedEntity) -> None:
        self._managed_entities.append(entity)

    def create_lifecycle_publisher(self: Any, *args: Any, **keywords: Any) -> LifecyclePublisher:
        """Like create_publisher; it is silent while the node is not active."""
        publisher = self.create_publisher(*args, publisher_class=LifecyclePublisher, **keywords)
        self._managed_entities.append(publisher)
        return publisher  # type: ignore[no-any-return]

    def destroy_lifecycle_publisher(self: Any, publisher: LifecyclePublisher) -> bool:
        if publisher in self._managed_entities:
            self._managed_entities.remove(publisher)
        return self.destroy_publisher(publisher)  # type: ignore[no-any-return]

    # -- callbacks of transitions: without others of its own a node tells its entities
    def on_configure(self, state: Any) -> TransitionCallbackReturn:
        return self._rcl_tell("on_configure", state)

    def on_cleanup(self, state: Any) -> TransitionCallbackReturn:
        return self._rcl_tell("on_cleanup", state)

    def on_shutdown(self, state: Any) -> TransitionCallbackReturn:
        return self._rcl_tell("on_shutdown", state)

    def on_activate(self, state: Any) -> TransitionCallbackReturn:
        return self._rcl_tell("on_activate", state)

    def on_deactivate(self, state: Any) -> TransitionCallbackReturn:
        return self._rcl_tell("on_deactivate", state)

    def on_error(self, state: Any) -> TransitionCallbackReturn:
        return self._rcl_tell("on_error", state)

    def _rcl_tell(self: Any, callback: str, state: Any) -> TransitionCallbackReturn:
        for entity in self._managed_entities:
            answer = getattr(entity, callback)(state)
            if answer is not SUCCESS:
                return answer  # type: ignore[no-any-return]
        return SUCCESS

    # -- the machine
    def _rcl_trigger(self: Any, label: str) -> TransitionCallbackReturn:
        transition = find(self._rcl_state, label=label)
        if transition is None:
            raise RCLError(
                f"Failed to trigger lifecycle state machine transition: '{label}' is no transition "
                f"from state '{STATES[self._rcl_state]}'"
            )
        return self._rcl_change(transition)  # type: ignore[no-any-return]

    def _rcl_change(self: Any, transition: Transition) -> TransitionCallbackReturn:
        before = LifecycleState(STATES[transition.start], transition.start)
        self._rcl_enter(transition, transition.during)
        answer = self._rcl_call(transition.callback, before)
        if answer is SUCCESS:
            self._rcl_enter(transition, transition.success)
        elif answer is FAILURE:
            self._rcl_enter(transition, transition.failure)
        else:
            self._rcl_enter(transition, ERROR_PROCESSING)
            mended = self._rcl_call("on_error", before) is SUCCESS
            self._rcl_enter(transition, UNCONFIGURED if mended else FINALIZED)
        return answer  # type: ignore[no-any-return]

    def _rcl_call(self: Any, callback: str, before: LifecycleState) -> TransitionCallbackReturn:
        try:
            return getattr(self, callback)(before)  # type: ignore[no-any-return]
        except Exception:  # as in rclpy: nobody is told, what wants that says it itself
            return ERROR

    def _rcl_enter(self: Any, transition: Transition, state: int) -> None:
        from lifecycle_msgs.msg import TransitionEvent

        event = TransitionEvent(timestamp=self.get_clock().now().nanoseconds)
        event.transition.id, event.transition.label = transition.id, transition.label
        event.start_state.id, event.start_state.label = self._rcl_state, STATES[self._rcl_state]
        event.goal_state.id, event.goal_state.label = state, STATES[state]
        self._rcl_state = state
        if self._rcl_transition_event is not None:
            self._rcl_transition_event.publish(event)

    # -- what others ask for
    def _rcl_on_change(self: Any, request: Any, response: Any) -> Any:
        asked = request.transition
        transition = find(self._rcl_state, asked.id, asked.label)
        if transition is None:
            self.get_logger().error(
                f"no transition '{asked.label or asked.id}' from state '{STATES[self._rcl_state]}'"
            )
            response.success = False
        else:
            response.success = self._rcl_change(transition) is SUCCESS
        return response

    def _rcl_on_get_state(self: Any, request: Any, response: Any) -> Any:
        response.current_state.id = self._rcl_state
        response.current_state.label = STATES[self._rcl_state]
        return response

    def _rcl_on_states(self: Any, request: Any, response: Any) -> Any:
        from lifecycle_msgs.msg import State

        response.available_states = [State(id=key, label=name) for key, name in STATES.items()]
        return response

    def _rcl_on_available(self: Any, request: Any, response: Any) -> Any:
        mine = [one for one in TRANSITIONS if one.start == self._rcl_state]
        response.available_transitions = [_description(one) for one in mine]
        return response

    def _rcl_on_graph(self: Any, request: Any, response: Any) -> Any:
        response.available_transitions = [_description(one) for one in TRANSITIONS]
        return response


class LifecycleNode(LifecycleNodeMixin, Node):
    """A managed node; arguments as of Node.

    Args:
        enable_communication_interface: offer the services that change its state.
    """

    _rcl_managed = True

    def __init__(
        self, node_name: str, *, enable_communication_interface: bool = True, **keywords: Any
    ) -> None:
        Node.__init__(self, node_name, **keywords)
        self._rcl_start_lifecycle(enable_communication_interface)


def _description(transition: Transition) -> Any:
    from lifecycle_msgs.msg import State, TransitionDescription
    from lifecycle_msgs.msg import Transition as TransitionMsg

    return TransitionDescription(
        transition=TransitionMsg(id=transition.id, label=transition.label),
        start_state=State(id=transition.start, label=STATES[transition.start]),
        goal_state=State(id=transition.during, label=STATES[transition.during]),
    )
