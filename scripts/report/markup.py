"""HTML and SVG as trees, so that no text can become markup."""

from __future__ import annotations

import json
from xml.etree import ElementTree

Element = ElementTree.Element
Child = str | Element | None


def element(tag: str, *children: Child, **attributes: str | float | None) -> Element:
    """An element; None leaves out a child or an attribute.

    Of an attribute's name a final `_` is dropped and others become `-`: `class_`, `data_view`.
    """
    made = Element(tag)
    for name, value in attributes.items():
        if value is not None:
            made.set(name.removesuffix("_").replace("_", "-"), _text(value))
    for child in children:
        if isinstance(child, str):
            if len(made):
                made[-1].tail = (made[-1].tail or "") + child
            else:
                made.text = (made.text or "") + child
        elif child is not None:
            made.append(child)
    return made


def html(*nodes: Child) -> str:
    """The text of nodes, escaped."""
    text = ElementTree.tostring(
        element("div", *nodes), encoding="unicode", method="html", short_empty_elements=False
    )
    return text.removeprefix("<div>").removesuffix("</div>")


def json_in_html(tree: object) -> str:
    """JSON that cannot end the element `script` in which it stands."""
    text = json.dumps(tree, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _text(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"
