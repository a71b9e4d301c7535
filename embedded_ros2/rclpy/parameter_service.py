"""The six parameter services of a node."""

from __future__ import annotations

from typing import Any

from rcl_interfaces.msg import ParameterDescriptor, ParameterValue, SetParametersResult
from rcl_interfaces.srv import (
    DescribeParameters,
    GetParameters,
    GetParameterTypes,
    ListParameters,
    SetParameters,
    SetParametersAtomically,
)

from .exceptions import ParameterException
from .parameter import PARAMETER_SEPARATOR_STRING, Parameter
from .qos import qos_profile_services_default


class ParameterService:
    def __init__(self, node: Any) -> None:
        self._node = node
        for kind, name, callback in (
            (DescribeParameters, "describe_parameters", self._describe),
            (GetParameters, "get_parameters", self._get),
            (GetParameterTypes, "get_parameter_types", self._types),
            (ListParameters, "list_parameters", self._list),
            (SetParameters, "set_parameters", self._set),
            (SetParametersAtomically, "set_parameters_atomically", self._set_atomically),
        ):
            node.create_service(
                kind, f"~/{name}", callback, qos_profile=qos_profile_services_default
            )

    # As in rclpy: where one name is not declared (of values, or not set), nothing is told of any.
    def _describe(self, request: Any, response: Any) -> Any:
        store = self._node._rcl_store
        if all(name in store.values or store.allow_undeclared for name in request.names):
            response.descriptors = [
                store.descriptors.get(name) or ParameterDescriptor(name=name)
                for name in request.names
            ]
        return response

    def _get(self, request: Any, response: Any) -> Any:
        store = self._node._rcl_store
        if all(name in store.values or store.allow_undeclared for name in request.names):
            found = [
                store.values[name].get_parameter_value()
                if name in store.values
                else ParameterValue()
                for name in request.names
            ]
            if store.allow_undeclared or all(value.type for value in found):
                response.values = found
        return response

    def _types(self, request: Any, response: Any) -> Any:
        store = self._node._rcl_store
        if all(name in store.values or store.allow_undeclared for name in request.names):
            response.types = [
                int(store.values[n].type_) if n in store.values else 0 for n in request.names
            ]
        return response

    def _list(self, request: Any, response: Any) -> Any:
        names, prefixes = [], set()
        for name in sorted(self._node._rcl_store.values):
            inside = not request.prefixes
            below = name
            for prefix in request.prefixes:
                if name == prefix or name.startswith(prefix + PARAMETER_SEPARATOR_STRING):
                    inside, below = True, name[len(prefix) :].lstrip(PARAMETER_SEPARATOR_STRING)
                    break
            if not inside:
                continue
            if request.depth and below.count(PARAMETER_SEPARATOR_STRING) >= request.depth:
                continue
            names.append(name)
            if PARAMETER_SEPARATOR_STRING in name:
                prefixes.add(name.rpartition(PARAMETER_SEPARATOR_STRING)[0])
        response.result.names, response.result.prefixes = names, sorted(prefixes)
        return response

    def _set(self, request: Any, response: Any) -> Any:
        results = []
        for message in request.parameters:
            results.append(self._try([message]))
        response.results = results
        return response

    def _set_atomically(self, request: Any, response: Any) -> Any:
        response.result = self._try(request.parameters)
        return response

    def _try(self, messages: list[Any]) -> Any:
        try:
            return self._node.set_parameters_atomically(
                [Parameter.from_parameter_msg(m) for m in messages]
            )
        except (ParameterException, ValueError) as error:
            return SetParametersResult(successful=False, reason=str(error))
