"""Pictures of boxes, cameras and geometry: each takes the subject, and gives (H, W, 3) sRGB."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scripts.plugin_pictures.overlay import Color, Overlay, caption, legend, stack
from scripts.plugin_pictures.raster import hit_triangles
from scripts.plugin_pictures.subject import (
    AXES,
    BACKDROP,
    WIDTH_PX,
    Array,
    Subject,
    color_of_id,
    colors_of_ids,
    in_front,
    larger,
    overview_camera,
    points_seen,
    read_mesh,
    small,
)
from scripts.shared.errors import InputError
from scripts.shared.pictures import Rgb
from viewbatch.geometry import Intrinsics, invert_rigid, transform_points

_STEPS_OF_A_CIRCLE = 96


def bounding_box(subject: Subject) -> Rgb:
    """The 2D box of every object that is seen, and the targets' box in 3D."""
    overlay = Overlay(subject.render)
    numbers = [float(x) for x in subject.file("bounding_box.txt").read_text().split()]
    low, high = np.array(numbers[:3]), np.array(numbers[3:6])
    corners = np.array(list(itertools.product(*zip(low, high, strict=True))))
    for a, b in itertools.combinations(corners, 2):
        if np.count_nonzero(a != b) == 1:
            _solid_or_hidden(overlay, subject, np.linspace(a, b, 40))
    boxes = subject.view.record.notes.get("boxes_px")
    if boxes is None:
        raise InputError(
            f"the views of {subject.dataset.folder} have no boxes_px; "
            "enable the plugin bounding_box"
        )
    for box in boxes:
        left, top, right, bottom = (x * subject.scale for x in box["box"])
        around = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
        overlay.line(around, color_of_id(box["id"]), width=2)
    return overlay.finish()


def camera_intrinsics(subject: Subject) -> Rgb:
    """The axes of the pixels, and where the optical axis meets the image."""
    matrix = np.loadtxt(_of_view_or_dataset(subject, "camera_intrinsics"))
    (fx, _, cx), (_, fy, cy) = matrix[:2]
    width, height = WIDTH_PX, len(subject.render)
    overlay = Overlay(subject.render)
    for axis, (end, name) in enumerate((((60, 2), "u"), ((2, 60), "v"))):
        color = AXES[axis]
        _arrow(overlay, (2, 2), end, color)
        overlay.text(np.add(end, (6, 0) if axis == 0 else (0, 6)), name, color, anchor="lt")
    overlay.text((8, 10), "(0, 0)")
    k = subject.view.camera.intrinsics
    overlay.text((width - 3, height - 3), f"({k.width}, {k.height})", anchor="rb")
    u, v = cx * subject.scale, cy * subject.scale
    overlay.line([(u, 0), (u, height)], (255, 255, 255), width=1, alpha=170)
    overlay.line([(0, v), (width, v)], (255, 255, 255), width=1, alpha=170)
    overlay.dot((u, v), (255, 255, 255), radius=5)
    overlay.dot((u, v), AXES[0], radius=3.5)
    overlay.text((u + 8, v + 8), "(cx, cy)")
    return stack(
        overlay.finish(),
        caption(width, f"fx = {fx:.1f}  fy = {fy:.1f}  cx = {cx:.1f}  cy = {cy:.1f}"),
    )


def camera_extrinsics(subject: Subject) -> Rgb:
    """All cameras about the targets, each with its x, y and z axis."""
    poses = []
    for view in subject.dataset.views:
        cam_from_world = np.vstack([np.loadtxt(view.path("camera_extrinsics")), [0, 0, 0, 1]])
        poses.append((view.camera.intrinsics, invert_rigid(cam_from_world)))
    centers = np.array([world_from_cam[:3, 3] for _, world_from_cam in poses])
    distance = float(np.linalg.norm(centers - subject.center, axis=1).max())
    length = 0.2 * distance
    # Each camera's axes and the rim of its pyramid, in world.
    axes = [transform_points(pose, np.eye(3) * length * 0.7) for _, pose in poses]
    rims = [transform_points(pose, k.rays(_corners(k)) * length) for k, pose in poses]
    vertices, _, _ = read_mesh(subject)
    overview = overview_camera(subject.center, np.concatenate([centers, *axes, *rims, vertices]))
    colors, there = points_seen(subject, overview)
    result = np.full_like(colors, BACKDROP)

    def draw(*, nearer: bool) -> None:
        nonlocal result
        overlay = Overlay(result)
        pixels, depth_m = overview.project(centers)
        for i in np.argsort(-depth_m):
            if (depth_m[i] < target_depth) != nearer:
                continue
            rim = overview.project(rims[i])[0]
            for corner in rim:
                overlay.line([pixels[i], corner], (70, 70, 70), width=0.8)
            overlay.line([*rim, rim[0]], (70, 70, 70), width=1.2)
            for end, color in zip(overview.project(axes[i])[0], AXES, strict=True):
                overlay.line([pixels[i], end], color, width=2)
        result = overlay.finish()

    target_depth = float(overview.project(subject.center)[1])
    draw(nearer=False)
    result = np.where(there[..., None], colors, result)
    draw(nearer=True)
    names = [("x, right", AXES[0]), ("y, down", AXES[1]), ("z, forward", AXES[2])]
    return stack(result, legend(WIDTH_PX, names))


def camera_projection_matrix(subject: Subject) -> Rgb:
    """The mesh's vertices that the view sees, taken to pixels by the matrix of the file."""
    px_from_world = np.loadtxt(subject.view.path("camera_projection_matrix"))
    vertices, _, _ = read_mesh(subject)
    homogeneous = np.concatenate([vertices, np.ones((len(vertices), 1))], axis=1)
    u, v, z = (homogeneous @ px_from_world.T).T
    u, v = u / z, v / z
    seen = in_front(subject, np.stack([u, v], axis=1), z)
    white = np.array(subject.render, np.float32) * 0.45 + 255 * 0.55
    overlay = Overlay(white.astype(np.uint8))
    for place in zip(u[seen] * subject.scale, v[seen] * subject.scale, strict=True):
        overlay.dot(place, (200, 30, 60), radius=0.9)
    return overlay.finish()


def normalization_matrix(subject: Subject) -> Rgb:
    """The unit sphere and the axes of its frame, as the matrix puts them into the world."""
    text = subject.file("normalization_matrix.json").read_text(encoding="utf-8")
    world_from_unit = np.array(json.loads(text)["world_from_unit"])
    center, radius = world_from_unit[:3, 3], world_from_unit[0, 0]
    angles = np.linspace(0, 2 * math.pi, _STEPS_OF_A_CIRCLE + 1)
    cosine, sine, zero = np.cos(angles), np.sin(angles), np.zeros_like(angles)
    parallels = [
        np.stack([cosine * math.cos(a), sine * math.cos(a), zero + math.sin(a)], axis=1)
        for a in np.radians([-60, -30, 0, 30, 60])
    ]
    meridians = [
        np.stack([cosine * math.cos(a), cosine * math.sin(a), sine], axis=1)
        for a in np.radians([0, 30, 60, 90, 120, 150])
    ]
    circles = [transform_points(world_from_unit, c) for c in (*parallels, *meridians)]
    overview = overview_camera(center, np.concatenate(circles))
    overlay = Overlay(points_seen(subject, overview)[0])
    viewer = overview.center_in_world - center
    for places in circles:
        pixels = overview.project(places)[0]
        # Of a sphere a point is seen from above its tangent plane only.
        near = (places - center) @ viewer > radius**2
        for i in range(_STEPS_OF_A_CIRCLE):
            front = bool(near[i] and near[i + 1])
            overlay.line(pixels[i : i + 2], (60, 70, 90), width=1, alpha=150 if front else 45)
    origin = overview.project(center)[0]
    for axis, (color, name) in enumerate(zip(AXES, "xyz", strict=True)):
        end = overview.project(center + world_from_unit[:3, axis])[0]
        _arrow(overlay, origin, end, color)
        overlay.text(np.add(end, (7, 2)), f"{name} = 1", color, anchor="lm")
    return overlay.finish()


def point_cloud(subject: Subject) -> Rgb:
    """The points in their own colours, from where the view's camera stands."""
    return points_seen(subject, larger(subject.view.camera, subject.scale))[0]


def mesh(subject: Subject) -> Rgb:
    """The triangles, in the colour of their object, from where the view's camera stands."""
    vertices, triangles, object_ids = read_mesh(subject)
    camera = larger(subject.view.camera, 2 * subject.scale)
    hits = hit_triangles(vertices, triangles, camera)
    there = hits.triangle >= 0
    a, b, c = (vertices[triangles[:, i]] for i in range(3))
    normals = np.cross(b - a, c - a)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-300)
    # Light comes from the upper left of the viewer.
    light = camera.world_from_cam[:3, :3] @ (np.array([-0.45, -0.7, -0.55]))
    shade = 0.5 + 0.5 * np.clip(normals @ light, -1, 1)
    colors = colors_of_ids(object_ids)
    shaded = colors * (0.35 + 0.65 * shade[:, None])
    lines = np.clip(hits.edge_px / 1.2, 0, 1)[..., None] * 0.45 + 0.55
    picture = np.where(there[..., None], shaded[hits.triangle] * lines, BACKDROP)
    return small(np.round(picture).astype(np.uint8))


def _corners(k: Intrinsics) -> list[tuple[int, int]]:
    """The corners of the image in pixels, around it."""
    return [(0, 0), (k.width, 0), (k.width, k.height), (0, k.height)]


def _of_view_or_dataset(subject: Subject, name: str) -> Path:
    """A text file of the view where views differ, else of the dataset."""
    if name in subject.view.kinds:
        return subject.view.path(name)
    return subject.file(f"{name}.txt")


def _solid_or_hidden(overlay: Overlay, subject: Subject, places: Array) -> None:
    """A line through places in world, faint where the view hides it."""
    pixels, z = subject.view.camera.project(places)
    front = in_front(subject, pixels, z)
    for i in range(len(places) - 1):
        alpha = 255 if front[i] and front[i + 1] else 70
        overlay.line(pixels[i : i + 2] * subject.scale, (20, 20, 20), width=1.5, alpha=alpha)


def _arrow(overlay: Overlay, start: npt.ArrayLike, end: npt.ArrayLike, color: Color) -> None:
    start, end = np.asarray(start, float), np.asarray(end, float)
    along = (end - start) / max(float(np.hypot(*(end - start))), 1e-9)
    across = np.array([-along[1], along[0]])
    overlay.line([start, end], color, width=2.5)
    overlay.line(
        [end - 7 * along + 4 * across, end, end - 7 * along - 4 * across], color, width=2.5
    )
