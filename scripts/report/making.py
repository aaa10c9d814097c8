"""How the dataset was made: provenance, objects, configuration."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scripts.report.content import Content, read_text
from scripts.report.markup import Element, element
from scripts.report.words import digits, metres
from scripts.shared.pictures import NOTHING, to_rgb
from viewbatch.dataset import layout


def details(content: Content) -> Iterator[Element]:
    """Tables of what made it, and the files of the whole dataset as they are."""
    yield _provenance(content)
    if content.dataset.record.objects:
        yield _objects(content)
    for name, what in (
        (layout.CONFIG, "the complete configuration"),
        (layout.DATASET, "what was made"),
    ):
        yield element(
            "details",
            element("summary", element("code", name), f": {what}"),
            copied(read_text(content.dataset, name), name),
        )


def copied(text: str, what: str) -> Element:
    """A block of text with a button that copies it."""
    button = element("button", "Copy", type="button", class_="copy", aria_label=f"Copy {what}")
    return element(
        "div",
        button,
        element("pre", element("code", text), tabindex="0", role="region", aria_label=what),
        class_="block",
    )


def color_of_id(number: int) -> str:
    """The colour of an object in the pictures of masks."""
    pixel = to_rgb(np.array([[number]], dtype=np.uint32), background=NOTHING)[0, 0]
    return "#{:02x}{:02x}{:02x}".format(*map(int, pixel))


def _provenance(content: Content) -> Element:
    record = content.dataset.record
    low, high = record.bounds.minimum, record.bounds.maximum
    rows = [
        ("Model", record.model.file, record.model.sha256),
        ("Generator", record.generator, ""),
        ("Blender", record.blender, ""),
        ("Engine of the colour images", f"{record.engine}, on {record.device}", ""),
        ("Denoiser", record.denoiser, ""),
        ("Seed", str(record.seed), ""),
        (
            "Bounds",
            " x ".join(digits(b - a) for a, b in zip(low, high, strict=True))
            + f" m about ({', '.join(digits(v) for v in record.bounds.center)}), "
            f"radius {metres(record.bounds.radius)}",
            "",
        ),
        *(("Read as " + key, "", digest) for key, digest in record.inputs.items()),
    ]
    body = [
        element(
            "tr",
            element("th", name, scope="row"),
            element(
                "td",
                value,
                element("small", f"SHA-256 {digest}", class_="hash") if digest else None,
            ),
        )
        for name, value, digest in rows
    ]
    return element("table", element("tbody", *body), class_="pairs")


def _objects(content: Content) -> Element:
    objects = content.dataset.record.objects
    head = ("", "Id", "Object", "Category")
    rows = [
        element(
            "tr",
            element("td", swatch(color_of_id(o.id))),
            element("td", str(o.id)),
            element("th", o.name, scope="row"),
            element("td", o.category),
        )
        for o in objects
    ]
    return element(
        "details",
        element("summary", f"Objects in the masks ({len(objects)})"),
        element(
            "div",
            element(
                "table",
                element("thead", element("tr", *(element("th", h, scope="col") for h in head))),
                element("tbody", *rows),
                class_="objects",
            ),
            class_="wide",
            tabindex="0",
            role="region",
            aria_label="Objects in the masks",
        ),
    )


def swatch(color: str) -> Element:
    """A small square of a colour."""
    square = element("rect", width=12, height=12, rx=2, fill=color)
    return element("svg", square, viewBox="0 0 12 12", class_="swatch", aria_hidden="true")
