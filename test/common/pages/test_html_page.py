"""A page escapes what is put into it, ends its last line, and misses nothing in silence."""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError

from simreal_common.pages.html_page import fill_page


def test_values_are_escaped() -> None:
    assert fill_page("<p>{{ said }}</p>\n", said="<b>&") == "<p>&lt;b&gt;&amp;</p>\n"


def test_a_value_that_is_not_given_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="missing"):
        fill_page("<p>{{ missing }}</p>")
