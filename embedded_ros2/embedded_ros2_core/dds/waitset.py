"""Waiting for readers and guard conditions without polling."""

from __future__ import annotations

import ctypes as ct
import threading

from .library import INFINITY, check, lib


class Guard:
    """A condition that any thread may trigger and that one waitset consumes."""

    def __init__(self, participant: int) -> None:
        self.entity = check(
            lib.dds_create_guardcondition(participant), "creating a guard condition"
        )
        self._lock = threading.Lock()
        self._closed = False

    def trigger(self) -> None:
        with self._lock:
            if not self._closed:
                lib.dds_set_guardcondition(self.entity, True)

    def consume(self) -> bool:
        was = ct.c_bool()
        with self._lock:
            if not self._closed:
                lib.dds_take_guardcondition(self.entity, ct.byref(was))
        return was.value

    def close(self) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
        lib.dds_delete(self.entity)


class WaitSet:
    """Attached entities and what each stands for."""

    def __init__(self, participant: int) -> None:
        self._entity = check(lib.dds_create_waitset(participant), "creating a waitset")
        self._attached: dict[int, int] = {}  # entity -> token
        self._objects: dict[int, object] = {}  # token -> object
        self._next = 1
        self._closed = False

    def set_members(self, wanted: dict[int, object]) -> None:
        """Attach exactly the entities of `wanted` (entity -> object to report)."""
        for entity in [entity for entity in self._attached if entity not in wanted]:
            self._objects.pop(self._attached.pop(entity), None)
            lib.dds_waitset_detach(
                self._entity, entity
            )  # an entity deleted meanwhile has left on its own
        for entity, thing in wanted.items():
            token = self._attached.get(entity)
            if token is not None and self._objects[token] is thing:
                continue
            if token is not None:  # the handle was deleted and given out again
                self._objects.pop(token, None)
                lib.dds_waitset_detach(self._entity, entity)
            token, self._next = self._next, self._next + 1
            if lib.dds_waitset_attach(self._entity, entity, token) == 0:
                self._attached[entity], self._objects[token] = token, thing

    def wait(self, timeout_ns: int | None) -> list[object]:
        """The objects that are ready; empty at the timeout. None waits for ever."""
        size = max(len(self._attached), 1)
        tokens = (ct.c_ssize_t * size)()
        count = lib.dds_waitset_wait(
            self._entity, tokens, size, INFINITY if timeout_ns is None else max(timeout_ns, 0)
        )
        if count == -9 or self._closed:
            return []
        check(count, "waiting")
        return [self._objects[t] for t in tokens[: min(count, size)] if t in self._objects]

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            lib.dds_delete(self._entity)
