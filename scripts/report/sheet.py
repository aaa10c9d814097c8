"""The contact sheet: what each view holds, picture by picture."""

from __future__ import annotations

from urllib.parse import quote

from scripts.report.content import Content, ViewContent
from scripts.report.markup import Element, element
from scripts.report.thumbnails import KINDS

NAMES = {"render": "RGB", "depth": "Depth", "mask": "Mask", "normal": "Normal"}


def kinds_there(content: Content) -> list[str]:
    """Those kinds of pictures that some view has."""
    return [kind for kind in KINDS if any(kind in view.view.kinds for view in content.views)]


def choices(content: Content) -> list[Element]:
    """Radio buttons: all kinds side by side, or one of them alone."""
    kinds = kinds_there(content)
    if len(kinds) < 2:
        return []
    return [
        element(
            "label",
            element(
                "input",
                type="radio",
                name="kind",
                value=value,
                checked="checked" if value == "all" else None,
            ),
            element("span", name),
        )
        for value, name in [("all", "All"), *((kind, NAMES[kind]) for kind in kinds)]
    ]


def cards(content: Content, files_at: str) -> list[Element]:
    """A card for each view. Without scripts its pictures lead to the dataset's own files."""
    kinds = kinds_there(content)
    return [_card(view, kinds, files_at) for view in content.views]


def _card(view: ViewContent, kinds: list[str], files_at: str) -> Element:
    index = str(view.view.index)
    return element(
        "li",
        element("span", index, class_="number"),
        element("div", *(_picture(view, kind, files_at) for kind in kinds), class_="pictures"),
        class_="view",
        id=f"view-{index}",
        data_view=index,
    )


def _picture(view: ViewContent, kind: str, files_at: str) -> Element:
    thumbnail = view.thumbnails.get(kind)
    name = f"{NAMES[kind]} of view {view.view.index}"
    if thumbnail is None:
        why = "cannot be read" if kind in view.view.kinds else "is not there"
        return element("span", f"{NAMES[kind]} {why}", class_="none", data_kind=kind)
    return element(
        "a",
        element(
            "img",
            # Before src, so that the browser knows not to hurry.
            loading="lazy",
            decoding="async",
            width=thumbnail.width_px,
            height=thumbnail.height_px,
            alt=name,
            src=thumbnail.uri,
        ),
        href=files_at + quote(view.view.record.files[kind].name),
        title=name,
        data_kind=kind,
    )
