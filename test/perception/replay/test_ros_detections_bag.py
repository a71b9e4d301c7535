"""The bag of detections says of its messages what they are."""

from __future__ import annotations

import vision_msgs.msg

from simreal_perception.replay.ros_detections_bag import DEFINITIONS, TYPE


def test_the_definitions_are_those_of_the_messages() -> None:
    assert TYPE.rpartition("/")[2] in DEFINITIONS
    for name, text in DEFINITIONS.items():
        fields = getattr(vision_msgs.msg, name).get_fields_and_field_types()
        told = dict(reversed(line.split()) for line in text.splitlines())
        assert list(told) == list(fields)
        for field, kind in fields.items():
            item = told[field].removesuffix("[]")
            item = {"float64": "double"}.get(item, item)
            if item[0].isupper():
                item = f"vision_msgs/{item}"
            assert kind == (f"sequence<{item}>" if told[field].endswith("[]") else item)
