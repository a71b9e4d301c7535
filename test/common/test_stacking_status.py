"""stacking/status as scorer and recorder read it."""

from __future__ import annotations

import json

import pytest

from simreal_common.errors import MessageError
from simreal_common.stacking_status import LONGEST_MESSAGE, StackingStatus, read_status

GOOD = {"state": "look", "message": "as it is", "placed": 1, "goal": 3, "finished": True}


def test_a_status_is_read() -> None:
    assert read_status(json.dumps(GOOD)) == StackingStatus("look", "as it is", 1, 3, True)
    more = {**GOOD, "success": False}
    assert read_status(json.dumps(more)) == read_status(json.dumps(GOOD))


def test_one_that_does_not_say_so_is_not_finished() -> None:
    values = {name: value for name, value in GOOD.items() if name != "finished"}
    assert not read_status(json.dumps(values)).finished


def test_its_words_are_one_line_of_bounded_length() -> None:
    status = read_status(json.dumps({**GOOD, "message": "\x1b[2J" + "a\n" * 5_000}))
    assert status.message.startswith("?[2Ja a a")
    assert len(status.message) <= LONGEST_MESSAGE + len("...")


@pytest.mark.parametrize(
    "change",
    [{"state": 1}, {"message": None}, {"placed": 1.5}, {"placed": True}, {"goal": "3"},
     {"finished": "false"}, {"finished": 1}, {"message": ["a"]}],
)  # fmt: skip
def test_a_field_of_another_kind(change: dict[str, object]) -> None:
    with pytest.raises(MessageError, match="wanted JSON with state and message"):
        read_status(json.dumps({**GOOD, **change}))


@pytest.mark.parametrize("name", ["state", "message", "placed", "goal"])
def test_a_field_that_is_missing(name: str) -> None:
    with pytest.raises(MessageError, match="wanted JSON with state and message"):
        read_status(json.dumps({key: value for key, value in GOOD.items() if key != name}))


@pytest.mark.parametrize("text", ["", "[]", "5", "null", '{"placed": Infinity}', "[" * 3000])
def test_what_is_no_status(text: str) -> None:
    with pytest.raises(MessageError):
        read_status(text)
