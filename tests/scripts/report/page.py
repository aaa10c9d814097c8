"""A page of scripts/report, as a browser finds it."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Array = npt.NDArray[Any]


class Page(HTMLParser):
    """What a browser finds in a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.text = path.read_text(encoding="utf-8")
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[str] = []
        self.words: list[tuple[str, str]] = []
        """Every text with the element in which it stands."""
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "input", "br"):
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.inside.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append((self.inside[-1] if self.inside else "", data))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def says(self, text: str) -> bool:
        return text in "".join(data for tag, data in self.words if tag not in ("script", "style"))

    @property
    def data(self) -> dict[str, Any]:
        """What the scripts are given."""
        start = self.text.index('id="data">') + len('id="data">')
        found: dict[str, Any] = json.loads(self.text[start : self.text.index("</script>", start)])
        return found

    def picture(self, kind: str, index: int) -> Array:
        name = {"render": "RGB", "depth": "Depth", "mask": "Mask", "normal": "Normal"}[kind]
        uri = next(i["src"] for i in self.all("img") if i.get("alt") == f"{name} of view {index}")
        assert uri is not None
        data = base64.b64decode(uri.removeprefix("data:image/webp;base64,"))
        return np.asarray(Image.open(io.BytesIO(data)))


def edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    tree = json.loads(path.read_text(encoding="utf-8"))
    change(tree)
    path.write_text(json.dumps(tree), encoding="utf-8")
