"""Pages for people: an HTML template and what is put into it."""

from __future__ import annotations

from typing import Any

from jinja2 import StrictUndefined, Template


def fill_page(template: str, **values: Any) -> str:
    """The page that a Jinja2 template makes of values, which are escaped.

    Raises:
        jinja2.UndefinedError: the template names a value that is not given.
    """
    page = Template(
        template,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    return page.render(**values)
