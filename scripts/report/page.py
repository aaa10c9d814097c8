"""The page: its parts put into the template, closed to the network."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

import numpy as np

from scripts.report import cloud, figures, making, proof, sheet, usage
from scripts.report.content import Content, ViewContent
from scripts.report.markup import Element, element, html, json_in_html
from scripts.report.words import metres, plural
from scripts.shared.pictures import NOTHING, to_rgb
from viewbatch.verify import Certificate

MARK = '<meta name="generator" content="viewbatch report">'
"""What tells a report from other files, within its first 1000 bytes."""

_FOLDER = Path(__file__).parent
_SCRIPTS = ("scene.js", "page.js")


def render(content: Content, *, files_at: str) -> bytes:
    """The page in UTF-8; `files_at` stands before the names of the dataset's files in links."""
    style = _read("page.css")
    script = "\n".join(_read(name) for name in _SCRIPTS)
    page = Template(_read("page.html")).substitute(
        policy=_policy(style, script),
        mark=MARK,
        title=html(f"{content.name} \u2013 dataset report"),
        name=html(content.name),
        summary=html(*_summary(content)),
        verdict=html(*proof.verdict(content.certificate)),
        facts=html(*_facts(content)),
        kinds=html(*sheet.choices(content)),
        views=html(*sheet.cards(content, files_at)),
        charts=html(*figures.charts(content)),
        certificate=html(*proof.details(content)),
        making=html(*making.details(content)),
        usage=html(*usage.examples(content)),
        ramp=html(*_ramp()),
        data=json_in_html(_data(content, files_at)),
        style=style,
        script=script,
    )
    # Half of a surrogate pair, which JSON can hold in a name, has no place in UTF-8.
    return page.encode("utf-8", errors="replace")


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """The content security policy: our own style and script, pictures, and nothing else."""
    return (
        "default-src 'none'; img-src data: 'self' file:; base-uri 'none'; form-action 'none'; "
        f"style-src '{_digest(style)}'; script-src '{_digest(script)}'"
    )


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return "sha256-" + base64.b64encode(digest).decode("ascii")


def _ramp() -> list[Element]:
    """The colours of depth from near to far, as stops of a gradient."""
    depth_m = np.linspace(1, 2, 17)[None]
    colors = to_rgb(depth_m, background=NOTHING, depth_range_m=(1, 2))[0].tolist()
    return [
        element("stop", offset=place / 16, stop_color="#{:02x}{:02x}{:02x}".format(*color))
        for place, color in enumerate(colors)
    ]


def _summary(content: Content) -> list[Element | str]:
    record = content.dataset.record
    sizes = {(k.width, k.height) for k in _intrinsics(content)}
    size = " and ".join(f"{width}\u202f\u00d7\u202f{height}" for width, height in sorted(sizes)[:3])
    if len(sizes) > 3:
        size += " and other sizes of"
    there = plural(len(content.views), "view")
    engine = "Cycles" if record.engine == "CYCLES" else record.engine
    if content.dataset.missing:
        there = f"{len(content.views)} of {record.number_of_views} planned views"
    return [
        f"{there} of ",
        element("b", record.model.file),
        f" with {plural(len(record.objects), 'object')} at {size} pixels, rendered with "
        f"{engine} in Blender {record.blender}.",
    ]


def _facts(content: Content) -> list[Element]:
    """What one wants to know first, as terms and values."""
    record = content.dataset.record
    depths = [v.view.record.depth_range_m for v in content.views]
    seen = [depth for depth in depths if depth is not None]
    distances = [view.position.distance_m for view in content.views]
    coverages = [view.view.record.coverage for view in content.views]
    facts = [
        ("Scene radius", metres(record.bounds.radius), "from the centre to the farthest vertex"),
        (
            "Camera distance",
            _span(min(distances), max(distances)),
            "from the centre of the model's bounds",
        ),
    ]
    if seen:
        facts.append((
            "Depth", _span(min(d[0] for d in seen), max(d[1] for d in seen)),
            "nearest and farthest surface of all views",
        ))  # fmt: skip
    facts.append((
        "Frame filled", f"{sum(coverages) / len(coverages):.0%}",
        "by the objects, on average",
    ))  # fmt: skip
    certificate = content.certificate
    if isinstance(certificate, Certificate):
        facts += [(fact.name, fact.value, fact.meaning) for fact in proof.facts(certificate)]
    return [
        element(
            "div",
            element("dt", name),
            element("dd", element("strong", value), element("span", meaning)),
        )
        for name, value, meaning in facts
    ]


def _span(low: float, high: float) -> str:
    if high - low <= 1e-3 * high:
        return metres(high)
    return f"{metres(low).removesuffix(' m')} to {metres(high)}"


def _intrinsics(content: Content) -> list[Any]:
    return [view.view.camera.intrinsics for view in content.views]


def _data(content: Content, files_at: str) -> dict[str, object]:
    """What the scripts need, by view in the order of the page."""
    bounds = content.dataset.record.bounds
    neighbors: dict[int, list[int]] = {}
    if isinstance(content.certificate, Certificate):
        neighbors = {view.index: list(view.neighbors) for view in content.certificate.views}
    return {
        "views": [
            {
                "index": view.view.index,
                **cloud.camera(view.view, bounds),
                "neighbors": neighbors.get(view.view.index, []),
                "files": {
                    kind: files_at + quote(file.name)
                    for kind, file in view.view.record.files.items()
                },
                "depth": None
                if view.depth_range_m is None
                else [metres(value) for value in view.depth_range_m],
                "facts": _view_facts(view),
            }
            for view in content.views
        ],
        "compared": isinstance(content.certificate, Certificate),
        "box": [
            [(float(v) - c) / bounds.radius for v, c in zip(corner, bounds.center, strict=True)]
            for corner in (bounds.minimum, bounds.maximum)
        ],
        "points": dict(content.points),
        "objects": [
            {"id": o.id, "name": o.name, "color": making.color_of_id(o.id)}
            for o in content.dataset.record.objects
        ],
        "normals": content.normal_frame,
    }


def _view_facts(view: ViewContent) -> list[list[str]]:
    where = view.position
    facts = [
        ["Distance", metres(where.distance_m)],
        ["Azimuth", f"{where.azimuth_deg:.0f}°"],
        ["Inclination", f"{where.inclination_deg:.0f}°"],
        ["Frame filled", f"{view.view.record.coverage:.1%}"],
    ]
    depths = view.view.record.depth_range_m
    if depths is not None:
        facts.append(["Depth", _span(*depths)])
    return facts
