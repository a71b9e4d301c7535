"""Raw writers and readers: whole CDR blobs in and out, no DDS type support in Python."""

from __future__ import annotations

import ctypes as ct
import threading
from collections.abc import Callable
from typing import TypeVar

from ..codec import CdrError
from .library import DdsError, Guid, Handle, IoVec, MatchedStatus, SampleInfo, check, lib

_SERDATA = 2  # enum ddsi_serdata_kind SDK_DATA
_WHOLE = 0xFFFFFFFF
T = TypeVar("T")


class ClosedError(DdsError):
    """The endpoint is gone, with its participant or before it."""


class Endpoint:
    """A DDS writer or reader entity. Another thread may close it, or the participant, in between."""

    def __init__(self, entity: int) -> None:
        self.entity = entity
        guid = Guid()
        check(lib.dds_get_guid(entity, ct.byref(guid)), "reading a GUID")
        self.guid = bytes(guid.v)
        handle = Handle()
        check(lib.dds_get_instance_handle(entity, ct.byref(handle)), "reading an instance handle")
        self.instance_handle = handle.value
        self._lock = threading.RLock()  # a signal handler may write in the middle of a write
        self.closed = False

    def end(self) -> bool:
        """Touch what belongs to DDS no more; False when it had ended already."""
        with self._lock:
            ended, self.closed = self.closed, True
            return not ended

    def close(self) -> None:
        if self.end():
            lib.dds_delete(self.entity)

    def _count(self, function: Callable[..., int], what: str) -> int:
        status = MatchedStatus()
        code = function(self.entity, ct.byref(status))
        if self.closed:
            return 0
        check(code, what)
        return status.current_count

    def _handles(self, function: Callable[..., int]) -> list[int]:
        size = 32
        while True:
            found = (Handle * size)()
            count = function(self.entity, found, size)
            if self.closed:
                return []
            if check(count, "listing matched endpoints") <= size:
                return list(found[:count])
            size = count


class RawWriter(Endpoint):
    def __init__(self, entity: int) -> None:
        super().__init__(entity)
        self._sertype = ct.c_void_p()
        check(
            lib.dds_get_entity_sertype(entity, ct.byref(self._sertype)),
            "reading the type of a writer",
        )

    def write(self, blob: bytes | bytearray) -> None:
        """Write one serialized sample (encapsulation header included). May block, without the
        GIL. ClosedError when the writer or its participant is gone."""
        if isinstance(blob, bytearray):
            keep: object = (ct.c_char * len(blob)).from_buffer(blob)
            vector = IoVec(ct.addressof(keep), len(blob))  # type: ignore[arg-type]
        else:
            keep = ct.c_char_p(blob)
            vector = IoVec(ct.cast(keep, ct.c_void_p), len(blob))  # type: ignore[arg-type]
        with self._lock:  # for the type alone: a write may block, and closing has to end that
            if self.closed:
                raise ClosedError("writing a sample: the writer is closed")
            sample = lib.ddsi_serdata_from_ser_iov(
                self._sertype, _SERDATA, 1, ct.byref(vector), len(blob)
            )
        del keep
        if not sample:
            raise ValueError(f"the {len(blob)} bytes are not a sample of this topic's type")
        code = lib.dds_writecdr(self.entity, sample)
        if code < 0 and self.closed:
            raise ClosedError("writing a sample: the writer was closed meanwhile")
        check(code, "writing a sample")

    def matched_count(self) -> int:
        return self._count(lib.dds_get_publication_matched_status, "counting readers")

    def matched_handles(self) -> list[int]:
        return self._handles(lib.dds_get_matched_subscriptions)

    def wait_for_acks(self, timeout_ns: int) -> bool:
        code = lib.dds_wait_for_acks(self.entity, timeout_ns)
        if code == -10 or self.closed:
            return False
        check(code, "waiting for acknowledgements")
        return True


class RawReader(Endpoint):
    """Samples come in here, whoever sent them: one that is no message of its type is counted in
    `malformed`, told to `on_malformed`, and dropped."""

    def __init__(self, entity: int) -> None:
        super().__init__(entity)
        self.malformed = 0
        self.on_malformed: Callable[[CdrError], None] = lambda _: None
        self.condition = check(lib.dds_create_readcondition(entity, 0), "creating a read condition")

    def take(self, use: Callable[[memoryview, SampleInfo], T]) -> tuple[bool, T | None]:
        """Take one sample and hand its bytes to `use`; the view dies with the call.

        Returns (a sample was there, what `use` returned). Samples without data (disposals) are
        skipped, and those for which `use` raises CdrError.
        """
        sample = ct.c_void_p()
        info = SampleInfo()
        while True:
            with self._lock:
                if self.closed:
                    return False, None
                count = lib.dds_takecdr(self.entity, ct.byref(sample), 1, ct.byref(info), 0)
            if check(count, "taking a sample") == 0:
                return False, None
            vector = IoVec()
            if not info.valid_data:
                lib.ddsi_serdata_unref(sample)
                continue
            reference = lib.ddsi_serdata_to_ser_ref(
                sample, 0, lib.ddsi_serdata_size(sample), ct.byref(vector)
            )
            try:
                raw = (ct.c_ubyte * vector.len).from_address(vector.base or 0)
                view = memoryview(raw).cast("B")
                try:
                    return True, use(view, info)
                except CdrError as error:
                    self.malformed += 1
                    self.on_malformed(error)
                finally:
                    view.release()
            finally:
                lib.ddsi_serdata_to_ser_unref(reference, ct.byref(vector))
                lib.ddsi_serdata_unref(sample)

    def matched_count(self) -> int:
        return self._count(lib.dds_get_subscription_matched_status, "counting writers")

    def matched_handles(self) -> list[int]:
        return self._handles(lib.dds_get_matched_publications)
