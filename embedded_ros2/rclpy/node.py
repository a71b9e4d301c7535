"""Node: names, entities, parameters, time, graph."""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from embedded_ros2_core.arguments import ArgumentError, RosArguments, parse
from embedded_ros2_core.messages import full_name
from embedded_ros2_core.names import (
    InvalidName,
    check_namespace,
    check_node_name,
    join,
    normalize_namespace,
    remap_namespace,
    remap_node_name,
    resolve,
)
from embedded_ros2_core.typehash import user_data_hash

from . import logging as rclpy_logging
from ._rclpy_pybind11 import InvalidHandle, RCLError, UnknownROSArgsError
from .callback_groups import CallbackGroup, MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from .client import Client
from .clock import Clock, ROSClock
from .exceptions import from_name_error
from .guard_condition import GuardCondition
from .node_graph import GraphQueries
from .node_parameters import NodeParameters
from .parameter import Parameter
from .publisher import Publisher
from .qos import (
    QoSProfile,
    as_profile,
    qos_profile_rosout_default,
    qos_profile_services_default,
    to_dds,
)
from .reserved_names import ReservedNames
from .service import Service
from .subscription import Subscription
from .timer import Rate, Timer
from .utilities import get_default_context


class Node(ReservedNames, NodeParameters, GraphQueries):
    """A node. All arguments after `node_name` are keyword-only, as in rclpy."""

    def __init__(
        self,
        node_name: str,
        *,
        context: Any = None,
        cli_args: list[str] | None = None,
        namespace: str | None = None,
        use_global_arguments: bool = True,
        enable_rosout: bool = True,
        rosout_qos_profile: Any = qos_profile_rosout_default,
        start_parameter_services: bool = True,
        parameter_overrides: list[Parameter] | None = None,
        allow_undeclared_parameters: bool = False,
        automatically_declare_parameters_from_overrides: bool = False,
        enable_logger_service: bool = False,
    ) -> None:
        self._context = context or get_default_context()
        self._rcl_participant = self._context.participant
        if enable_logger_service:
            raise NotImplementedError("enable_logger_service is not supported by embedded_ros2")
        try:
            local = parse(cli_args or [])
        except ArgumentError as error:
            raise UnknownROSArgsError(str(error)) from error
        every: list[RosArguments] = [local] + (
            [self._context.arguments] if use_global_arguments else []
        )
        self._rcl_remaps = [rule for arguments in every for rule in arguments.remaps]
        try:
            check_node_name(node_name)
            space = normalize_namespace(namespace or "")
            check_namespace(space)
            self._rcl_namespace = remap_namespace(node_name, space, self._rcl_remaps)
            self._rcl_name = remap_node_name(node_name, self._rcl_remaps)
        except InvalidName as error:
            raise from_name_error(error) from None
        self._rcl_destroyed = False
        self._rcl_lock = threading.RLock()
        self._rcl_entities: list[Any] = []  # subscriptions, services, clients, guard conditions
        self._publishers: list[Publisher] = []
        self._timers: list[Timer] = []
        self._rcl_executor_ref: Callable[[], Any] = lambda: None
        self._default_callback_group = MutuallyExclusiveCallbackGroup()
        self._rcl_clock_group = ReentrantCallbackGroup()
        self._logger = rclpy_logging.get_logger(self._rcl_logger_name())
        self._clock = ROSClock()
        self._clock._wakers.append(self._rcl_wake_for_clock)
        self._rcl_graph = self._context.graph  # silent once the context is shut down
        self._rcl_graph_key = self._rcl_graph.add_node(self._rcl_namespace, self._rcl_name)
        if enable_rosout and all(arguments.rosout for arguments in every):
            self._rcl_start_rosout(rosout_qos_profile)
        overrides = {}
        for arguments in reversed(every):
            overrides.update(arguments.parameters_for(self._rcl_namespace, self._rcl_name))
        self._rcl_init_parameters(
            {name: Parameter(name, value=value) for name, value in overrides.items()},
            parameter_overrides or [],
            allow_undeclared_parameters,
            automatically_declare_parameters_from_overrides,
            start_parameter_services,
        )

    def _rcl_start_rosout(self, profile: Any) -> None:
        from builtin_interfaces.msg import Time as TimeMsg
        from rcl_interfaces.msg import Log

        publisher = self.create_publisher(Log, "/rosout", profile)
        node = weakref.ref(self)

        def publish(
            level: int, name: str, message: str, stamp: int, line: int, file: str, function: str
        ) -> None:
            owner = node()
            if owner is None or publisher._destroyed or not owner._context.ok():
                return
            log = Log(
                stamp=TimeMsg(sec=stamp // 10**9, nanosec=stamp % 10**9),
                level=level,
                name=name,
                msg=message,
                file=file,
                function=function,
                line=line,
            )
            with contextlib.suppress(RCLError, InvalidHandle):  # closed by another thread
                publisher.publish(log)

        rclpy_logging._attach_rosout(self._rcl_logger_name(), publish)

    # -- who
    # ------------------------------------------------------------------------------------------------------
    def get_name(self) -> str:
        return self._rcl_name

    def get_namespace(self) -> str:
        return self._rcl_namespace

    def get_fully_qualified_name(self) -> str:
        return join(self._rcl_namespace, self._rcl_name)

    def _rcl_logger_name(self) -> str:
        return join(self._rcl_namespace, self._rcl_name)[1:].replace("/", ".")

    def get_logger(self) -> rclpy_logging.RcutilsLogger:
        return self._logger

    def get_clock(self) -> Clock:
        return self._clock

    @property
    def context(self) -> Any:
        return self._context

    @property
    def default_callback_group(self) -> CallbackGroup:
        return self._default_callback_group

    @property
    def handle(self) -> Node:
        return self

    @property
    def executor(self) -> Any:
        return self._rcl_executor_ref()

    @executor.setter
    def executor(self, new_executor: Any) -> None:
        current = self.executor
        if current is new_executor:
            return
        if current is not None:
            current.remove_node(self)
        if new_executor is not None:
            new_executor.add_node(self)

    def _rcl_set_executor(self, executor: Any) -> None:
        self._rcl_executor_ref = (lambda: None) if executor is None else weakref.ref(executor)

    def _wake_executor(self) -> None:
        executor = self.executor
        if executor is not None:
            executor._entities_changed()

    def _rcl_wake_for_clock(self) -> None:
        executor = self.executor
        if executor is not None and any(timer._is_due() for timer in self._timers):
            executor.wake()

    # -- what executors ask
    # ---------------------------------------------------------------------------------------
    def _rcl_sources(self) -> list[Any]:
        with self._rcl_lock:
            return list(self._rcl_entities)

    def _rcl_timer_list(self) -> list[Timer]:
        with self._rcl_lock:
            return list(self._timers)

    def add_waitable(self, waitable: Any) -> None:
        raise NotImplementedError("custom waitables are not supported by embedded_ros2")

    def remove_waitable(self, waitable: Any) -> None:
        raise NotImplementedError("custom waitables are not supported by embedded_ros2")

    @property
    def publishers(self) -> Iterator[Publisher]:
        yield from list(self._publishers)

    @property
    def subscriptions(self) -> Iterator[Subscription]:
        yield from (entity for entity in self._rcl_sources() if isinstance(entity, Subscription))

    @property
    def clients(self) -> Iterator[Client]:
        yield from (entity for entity in self._rcl_sources() if isinstance(entity, Client))

    @property
    def services(self) -> Iterator[Service]:
        yield from (entity for entity in self._rcl_sources() if isinstance(entity, Service))

    @property
    def timers(self) -> Iterator[Timer]:
        yield from self._rcl_timer_list()

    @property
    def guards(self) -> Iterator[GuardCondition]:
        yield from (entity for entity in self._rcl_sources() if isinstance(entity, GuardCondition))

    # -- entities
    # -------------------------------------------------------------------------------------------------
    def _rcl_resolve(self, name: str, kind: str, only_expand: bool = False) -> str:
        try:
            return resolve(
                name,
                self._rcl_name,
                self._rcl_namespace,
                () if only_expand else self._rcl_remaps,
                kind,
            )
        except InvalidName as error:
            raise from_name_error(error) from None

    def resolve_topic_name(self, topic: str, *, only_expand: bool = False) -> str:
        return self._rcl_resolve(topic, "topic", only_expand)

    def resolve_service_name(self, service: str, *, only_expand: bool = False) -> str:
        return self._rcl_resolve(service, "service", only_expand)

    def _rcl_add(self, entity: Any, group: CallbackGroup | None) -> None:
        with self._rcl_lock:
            self._rcl_entities.append(entity)
        if group is not None:
            group.add_entity(entity)
        self._wake_executor()

    def _rcl_group(self, group: CallbackGroup | None) -> CallbackGroup:
        if group is None:
            return self._default_callback_group
        if not isinstance(group, CallbackGroup):
            raise TypeError(f"callback_group must be a CallbackGroup, got {group!r}")
        return group

    @staticmethod
    def _rcl_check_no_events(event_callbacks: Any, overriding: Any) -> None:
        handlers = (
            []
            if event_callbacks is None
            else [name for name, value in vars(event_callbacks).items() if callable(value)]
        )
        if handlers:
            raise NotImplementedError(
                f"QoS event callbacks ({', '.join(handlers)}) are not supported by embedded_ros2"
            )
        if overriding is not None:
            raise NotImplementedError("qos_overriding_options is not supported by embedded_ros2")

    def create_publisher(
        self,
        msg_type: Any,
        topic: str,
        qos_profile: Any,
        *,
        callback_group: CallbackGroup | None = None,
        event_callbacks: Any = None,
        qos_overriding_options: Any = None,
        publisher_class: type[Publisher] = Publisher,
    ) -> Publisher:
        self._rcl_check_no_events(event_callbacks, qos_overriding_options)
        profile, type_name = as_profile(qos_profile), full_name(msg_type)
        name = self._rcl_resolve(topic, "topic")
        dds_name = name if profile.avoid_ros_namespace_conventions else f"rt{name}"
        writer = self._rcl_participant.writer(
            dds_name, type_name, to_dds(profile, user_data_hash(type_name))
        )
        publisher = publisher_class(
            self, writer, msg_type, name, profile, self._rcl_group(callback_group)
        )
        with self._rcl_lock:
            self._publishers.append(publisher)
        self._rcl_graph.add_endpoints(self._rcl_graph_key, writers=(writer.guid,))
        return publisher

    def create_subscription(
        self,
        msg_type: Any,
        topic: str,
        callback: Callable[..., Any],
        qos_profile: Any,
        *,
        callback_group: CallbackGroup | None = None,
        event_callbacks: Any = None,
        qos_overriding_options: Any = None,
        raw: bool = False,
        content_filter_options: Any = None,
    ) -> Subscription:
        self._rcl_check_no_events(event_callbacks, qos_overriding_options)
        if content_filter_options is not None:
            raise NotImplementedError("content filters are not supported by embedded_ros2")
        profile, type_name = as_profile(qos_profile), full_name(msg_type)
        name, group = self._rcl_resolve(topic, "topic"), self._rcl_group(callback_group)
        dds_name = name if profile.avoid_ros_namespace_conventions else f"rt{name}"
        reader = self._rcl_participant.reader(
            dds_name, type_name, to_dds(profile, user_data_hash(type_name))
        )
        subscription = Subscription(self, reader, msg_type, name, callback, group, profile, raw)
        self._rcl_add(subscription, group)
        self._rcl_graph.add_endpoints(self._rcl_graph_key, readers=(reader.guid,))
        return subscription

    def _rcl_service_ends(
        self, srv_type: Any, name: str, profile: QoSProfile, is_server: bool
    ) -> tuple[Any, Any]:
        """The request and the reply endpoint; they share an id so that the other side can tell
        they belong together."""
        key = b"serviceid" if is_server else b"clientid"
        identity = key + b"=" + self._rcl_participant.new_service_id() + b";"
        request, reply = full_name(srv_type.Request), full_name(srv_type.Response)
        sides = []
        for dds_name, type_name, writes in (
            (f"rq{name}Request", request, not is_server),
            (f"rr{name}Reply", reply, is_server),
        ):
            make = self._rcl_participant.writer if writes else self._rcl_participant.reader
            sides.append(
                make(
                    dds_name,
                    type_name,
                    to_dds(profile, identity + user_data_hash(type_name)),
                    header=True,
                )
            )
        return sides[0], sides[1]

    def create_service(
        self,
        srv_type: Any,
        srv_name: str,
        callback: Callable[..., Any],
        *,
        qos_profile: Any = None,
        callback_group: CallbackGroup | None = None,
    ) -> Service:
        profile = as_profile(qos_profile or qos_profile_services_default)
        name, group = self._rcl_resolve(srv_name, "service"), self._rcl_group(callback_group)
        reader, writer = self._rcl_service_ends(srv_type, name, profile, is_server=True)
        service = Service(self, reader, writer, srv_type, name, callback, group, profile)
        self._rcl_add(service, group)
        self._rcl_graph.add_endpoints(
            self._rcl_graph_key, readers=(reader.guid,), writers=(writer.guid,)
        )
        return service

    def create_client(
        self,
        srv_type: Any,
        srv_name: str,
        *,
        qos_profile: Any = None,
        callback_group: CallbackGroup | None = None,
    ) -> Client:
        profile = as_profile(qos_profile or qos_profile_services_default)
        name, group = self._rcl_resolve(srv_name, "service"), self._rcl_group(callback_group)
        writer, reader = self._rcl_service_ends(srv_type, name, profile, is_server=False)
        client = Client(self, writer, reader, srv_type, name, group, profile)
        self._rcl_add(client, group)
        self._rcl_graph.add_endpoints(
            self._rcl_graph_key, readers=(reader.guid,), writers=(writer.guid,)
        )
        return client

    def create_timer(
        self,
        timer_period_sec: float,
        callback: Callable[..., Any] | None,
        callback_group: CallbackGroup | None = None,
        clock: Clock | None = None,
        autostart: bool = True,
    ) -> Timer:
        group = self._rcl_group(callback_group)
        timer = Timer(
            callback,
            group,
            int(float(timer_period_sec) * 10**9),
            clock or self._clock,
            context=self._context,
            autostart=autostart,
        )
        timer._on_change = self._wake_executor
        if timer.clock is not self._clock and self._rcl_wake_for_clock not in timer.clock._wakers:
            timer.clock._wakers.append(self._rcl_wake_for_clock)
        with self._rcl_lock:
            self._timers.append(timer)
        group.add_entity(timer)
        self._wake_executor()
        return timer

    def create_guard_condition(
        self,
        callback: Callable[[], Any],
        callback_group: CallbackGroup | None = None,
    ) -> GuardCondition:
        group = self._rcl_group(callback_group)
        guard = GuardCondition(callback, group, context=self._context)
        self._rcl_add(guard, group)
        return guard

    def create_rate(self, frequency: float, clock: Clock | None = None) -> Rate:
        """Not available: raises NotImplementedError."""
        return Rate()

    def _rcl_forget(self, entity: Any, *guids: bytes) -> bool:
        with self._rcl_lock:
            if entity not in self._rcl_entities:
                return False
            self._rcl_entities.remove(entity)
        self._wake_executor()
        if guids:
            self._rcl_graph.remove_endpoints(self._rcl_graph_key, *guids)
        entity._close()
        return True

    def destroy_publisher(self, publisher: Publisher) -> bool:
        with self._rcl_lock:
            if publisher not in self._publishers:
                return False
            self._publishers.remove(publisher)
        self._rcl_graph.remove_endpoints(self._rcl_graph_key, publisher._writer.guid)
        publisher._close()
        return True

    def destroy_subscription(self, subscription: Subscription) -> bool:
        return self._rcl_forget(subscription, subscription._reader.guid)

    def destroy_client(self, client: Client) -> bool:
        return self._rcl_forget(client, client._reader.guid, client._writer.guid)

    def destroy_service(self, service: Service) -> bool:
        return self._rcl_forget(service, service._reader.guid, service._writer.guid)

    def destroy_guard_condition(self, guard: GuardCondition) -> bool:
        return self._rcl_forget(guard)

    def destroy_timer(self, timer: Timer) -> bool:
        with self._rcl_lock:
            if timer not in self._timers:
                return False
            self._timers.remove(timer)
        timer.destroy()
        self._wake_executor()
        return True

    def destroy_rate(self, rate: Rate) -> bool:
        return False

    def destroy_node(self) -> None:
        """Destroy all entities and leave the graph."""
        if self._rcl_destroyed:
            return
        self._rcl_destroyed = True
        rclpy_logging._detach_rosout(self._rcl_logger_name())
        executor = self.executor
        if executor is not None:
            executor.remove_node(self)
        self._rcl_graph.remove_node(self._rcl_graph_key)
        with self._rcl_lock:
            entities, publishers, timers = self._rcl_entities, self._publishers, self._timers
            self._rcl_entities, self._publishers, self._timers = [], [], []
        for thing in (*entities, *publishers):
            thing._close()
        for timer in timers:
            timer.destroy()

    def wait_for_node(self, fully_qualified_node_name: str, timeout: float) -> bool:
        """Wait until a node is in the graph."""
        import time

        wanted = (
            fully_qualified_node_name
            if fully_qualified_node_name.startswith("/")
            else (join(self._rcl_namespace, fully_qualified_node_name))
        )
        deadline = time.monotonic() + timeout
        while True:
            if any(node.full_name == wanted for node in self._rcl_graph.nodes()):
                return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)

    def __enter__(self) -> Node:
        return self

    def __exit__(self, *exc: object) -> None:
        self.destroy_node()

    def __repr__(self) -> str:
        return f"Node({self.get_fully_qualified_name()!r})"
