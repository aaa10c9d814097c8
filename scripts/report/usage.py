"""How to load the dataset, as lines of Python that run."""

from __future__ import annotations

import json
from collections.abc import Iterator

from scripts.report.content import Content
from scripts.report.making import copied
from scripts.report.markup import Element, element


def examples(content: Content) -> Iterator[Element]:
    """With this project's reader, and with the packages that read its files alone."""
    yield element(
        "p",
        "From the generator's repository, with numpy and OpenEXR. The string is the path of the "
        "dataset's folder; what every number means is in ",
        element("code", "CONVENTIONS.md"),
        " there.",
    )
    yield copied(with_reader(content), "the Python code with the reader")
    yield element("p", "Anywhere else, without the repository:")
    yield copied(without_reader(content), "the Python code without the reader")


def with_reader(content: Content) -> str:
    """Code that uses `viewbatch.dataset`."""
    kinds = content.views[0].view.kinds
    image = "render" in kinds and content.views[0].view.path("render").suffix != ".exr"
    lines = []
    if image:
        lines += ["import numpy as np", "from PIL import Image", ""]
    lines += [
        "from viewbatch.dataset import Dataset",
        "",
        f"dataset = Dataset.open({_quoted(content.name)})",
        "for view in dataset.views:",
    ]
    if image:
        lines.append('    rgb = np.asarray(Image.open(view.path("render")))  # (H, W, C) sRGB')
    elif "render" in kinds:
        lines.append('    rgb = view.read("render")  # (H, W, C) scene-linear')
    if "mask" in kinds:
        lines.append('    ids = view.read("mask")  # (H, W) object ids, 0 = background')
    if "normal" in kinds:
        frame = content.normal_frame
        lines.append(f'    normals = view.read("normal")  # (H, W, 3) unit length, in {frame}')
    if "depth" in kinds:
        lines += [
            '    depth = view.read("depth")  # (H, W) metres, 0 = no surface',
            "    points = view.camera.unproject(depth)[depth > 0]  # (n, 3) in world",
        ]
    lines += [
        "    px_from_cam = view.camera.intrinsics.matrix  # (3, 3), OpenCV's axes",
        "    cam_from_world = view.camera.cam_from_world  # (4, 4)",
    ]
    return "\n".join(lines)


def without_reader(content: Content) -> str:
    """Code that reads records and files as they are."""
    depth = "depth" in content.views[0].view.kinds
    lines = [
        "import json",
        "from pathlib import Path",
        "",
        "import numpy as np",
        *(["import OpenEXR"] if depth else []),
        "",
        f"folder = Path({_quoted(content.name)})",
        'for path in sorted(folder.glob("*_view.json")):',
        "    view = json.loads(path.read_text())",
        '    px_from_cam = np.array([[view["fx"], 0, view["cx"]], [0, view["fy"], view["cy"]], '
        "[0, 0, 1]])",
        '    cam_from_world = np.array(view["cam_from_world"])',
    ]
    if depth:
        lines += [
            '    with OpenEXR.File(str(folder / view["files"]["depth"]["name"])) as file:',
            '        depth = file.channels()["Y"].pixels  # (H, W) metres',
        ]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    """A string of JSON is one of Python too."""
    return json.dumps(text, ensure_ascii=False)
