"""What is known of a dataset and of each view, as typed objects and as JSON.

JSON holds the shortest decimal that reads back to the same float64, no clock time and
no absolute path: the same inputs give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from viewbatch.dataset.text import json_text
from viewbatch.errors import DatasetError
from viewbatch.geometry import Bounds, Camera, Intrinsics
from viewbatch.geometry.transforms import Array, Vector3

SCHEMA = 1

MOST_VIEWS = 10_000_000
"""That a dataset may plan; more is a slip of the keyboard."""

_SEAL = "record_sha256"

RIGID_LIMIT = 1e-5
"""How far `cam_from_world` may be from a rotation and a shift: float32 in poses from files."""

GROUND = "ground"
"""Name and category of the ground, which is the last of the objects where masks show it."""

CONVENTIONS = {
    "world": "right-handed, z up, metres",
    "cam": "x right, y down, z forward, metres",
    "cam_from_world": "4x4, acts on column vectors",
    "pixels": "(0, 0) is the image's top-left corner, (0.5, 0.5) the first pixel's centre",
    "depth": "planar z in cam, 0 where there is no surface",
    "mask": "object id, 0 where there is none",
}


@dataclass(frozen=True, kw_only=True)
class ModelRecord:
    """The file that was rendered, and how it came to stand where it does."""

    file: str
    """Name without folder."""
    sha256: str
    companions: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of the files that the model reads, such as textures, by their paths from its folder
    (by their names where they lie elsewhere)."""
    world_from_model: Array
    """(4, 4) similarity from the scene as Blender imports it: axes, scale, normalisation."""
    offset_m: Vector3 = (0.0, 0.0, 0.0)
    """Of a model far from its origin: where in world its rendered scene has its origin."""


@dataclass(frozen=True, kw_only=True)
class ObjectRecord:
    """An object that masks know. `id` is its value in the masks, at least 1."""

    id: int
    name: str
    category: str
    world_from_object: Array
    """(4, 4); may scale and shear."""


@dataclass(frozen=True, kw_only=True)
class DatasetRecord:
    """`dataset.json`: what holds for all views."""

    generator: str
    blender: str
    engine: str
    """That of the colour images."""
    device: str
    denoiser: str
    """"none", or the denoiser of the colour images."""
    samples: int
    """At most, per pixel of the colour images."""
    model: ModelRecord
    bounds: Bounds
    objects: Sequence[ObjectRecord]
    categories: Sequence[str]
    """Names of the categories; their ids are 1, 2, ... in this order."""
    materials: Sequence[str]
    """Names of the materials of the objects; their ids are 1, 2, ... in this order."""
    inputs: Mapping[str, str]
    """SHA-256 of every other file that was read, by its key in the configuration."""
    seed: int
    number_of_views: int
    """How many views are planned; how many exist is seen from their records."""
    files: Sequence[str] = ()
    """Names of the files of the whole dataset that its plugins may write."""

    @property
    def ground_id(self) -> int:
        """The id of the ground where masks show it (`ground.in_masks`), else 0."""
        last = self.objects[-1] if self.objects else None
        return last.id if last is not None and last.name == last.category == GROUND else 0

    def to_json(self) -> str:
        """The text of `dataset.json`."""
        bounds = self.bounds
        return json_text(
            {
                "schema": SCHEMA,
                "generator": self.generator,
                "blender": self.blender,
                "engine": self.engine,
                "device": self.device,
                "denoiser": self.denoiser,
                "samples": self.samples,
                "conventions": CONVENTIONS,
                "seed": self.seed,
                "number_of_views": self.number_of_views,
                "model": {
                    "file": self.model.file,
                    "sha256": self.model.sha256,
                    "companions": self.model.companions,
                    "world_from_model": self.model.world_from_model.tolist(),
                    "offset_m": self.model.offset_m,
                },
                "bounds": {
                    "minimum": bounds.minimum,
                    "maximum": bounds.maximum,
                    "center": bounds.center,
                    "radius": bounds.radius,
                },
                "objects": [
                    {
                        "id": o.id,
                        "name": o.name,
                        "category": o.category,
                        "world_from_object": o.world_from_object.tolist(),
                    }
                    for o in self.objects
                ],
                "categories": [
                    {"id": i, "name": name} for i, name in enumerate(self.categories, start=1)
                ],
                "materials": [
                    {"id": i, "name": name} for i, name in enumerate(self.materials, start=1)
                ],
                "inputs": dict(self.inputs),
                "files": list(self.files),
            }
        )

    @classmethod
    def from_json(cls, text: str, source: str) -> DatasetRecord:
        """Read what `to_json` wrote; `source` names the file in errors."""
        data = _loads(text, source)
        _check_schema(data, source)
        try:
            model, bounds = data["model"], data["bounds"]
            record = cls(
                generator=data["generator"],
                blender=data["blender"],
                engine=data["engine"],
                device=data["device"],
                denoiser=data["denoiser"],
                samples=int(data["samples"]),
                seed=int(data["seed"]),
                number_of_views=int(data["number_of_views"]),
                model=ModelRecord(
                    file=model["file"],
                    sha256=model["sha256"],
                    companions=dict(model["companions"]),
                    world_from_model=_matrix(model["world_from_model"]),
                    offset_m=_vector(model["offset_m"]),
                ),
                bounds=Bounds(
                    minimum=_vector(bounds["minimum"]),
                    maximum=_vector(bounds["maximum"]),
                    radius=float(bounds["radius"]),
                ),
                objects=tuple(
                    ObjectRecord(
                        id=int(o["id"]),
                        name=o["name"],
                        category=o["category"],
                        world_from_object=_matrix(o["world_from_object"]),
                    )
                    for o in data["objects"]
                ),
                categories=tuple(str(c["name"]) for c in data["categories"]),
                materials=tuple(str(m["name"]) for m in data["materials"]),
                inputs=dict(data["inputs"]),
                files=tuple(str(name) for name in data["files"]),
            )
            _check_record(record)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise _malformed(source, error) from error
        return record


@dataclass(frozen=True, kw_only=True)
class CameraRecord:
    """A view's camera and the depths between which it sees."""

    camera: Camera
    near_m: float
    far_m: float
    drawn: Mapping[str, Any]
    """What was drawn for this view: its place, its noise seed, its lamps; plain values."""
    rejected: Mapping[str, int] = field(default_factory=dict)
    """How many poses were drawn and refused before this one, by reason."""

    def to_tree(self) -> dict[str, Any]:
        """Plain values for JSON."""
        k = self.camera.intrinsics
        return {
            "width": k.width,
            "height": k.height,
            "fx": k.fx,
            "fy": k.fy,
            "cx": k.cx,
            "cy": k.cy,
            "cam_from_world": self.camera.cam_from_world.tolist(),
            "near_m": self.near_m,
            "far_m": self.far_m,
            "drawn": dict(self.drawn),
            "rejected": dict(self.rejected),
        }

    @classmethod
    def from_tree(cls, data: Mapping[str, Any]) -> CameraRecord:
        """Read what `to_tree` made; raises KeyError, TypeError or ValueError."""
        intrinsics = Intrinsics(
            width=int(data["width"]),
            height=int(data["height"]),
            fx=float(data["fx"]),
            fy=float(data["fy"]),
            cx=float(data["cx"]),
            cy=float(data["cy"]),
        )
        return cls(
            camera=Camera(intrinsics=intrinsics, cam_from_world=_rigid(data["cam_from_world"])),
            near_m=float(data["near_m"]),
            far_m=float(data["far_m"]),
            drawn=dict(data["drawn"]),
            rejected={str(k): int(v) for k, v in data["rejected"].items()},
        )


@dataclass(frozen=True, kw_only=True)
class FileRecord:
    """A file of a view: its name without folder, and the hash of its bytes."""

    name: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class ViewRecord:
    """`NNN_view.json`: what holds for one view. Written last: the view exists when it does."""

    index: int
    camera: CameraRecord
    depth_range_m: tuple[float, float] | None
    """Nearest and farthest depth of any surface; None where none is seen."""
    coverage: float
    """Share of the frame that objects with an id fill, 0 to 1."""
    files: Mapping[str, FileRecord] = field(default_factory=dict)
    """By kind, such as "render" or "depth"."""
    notes: Mapping[str, Any] = field(default_factory=dict)
    """What plugins have to say of the view: plain values by name."""
    dataset_sha256: str = ""
    """Of the dataset and the configuration for which it was made; see `existing.Claim`."""
    as_written: bool = field(default=True, compare=False)
    """Whether what was read is all that was written, by the record's hash of itself."""

    def to_json(self) -> str:
        """The text of `NNN_view.json`; its last key is the SHA-256 of this text without it."""
        return _sealed(
            {
                "schema": SCHEMA,
                "index": self.index,
                **self.camera.to_tree(),
                "depth_range_m": self.depth_range_m,
                "coverage": self.coverage,
                "notes": dict(self.notes),
                "dataset_sha256": self.dataset_sha256,
                "files": {
                    kind: {"name": file.name, "sha256": file.sha256}
                    for kind, file in self.files.items()
                },
            }
        )

    @classmethod
    def from_json(cls, text: str, source: str) -> ViewRecord:
        """Read what `to_json` wrote; `source` names the file in errors."""
        data = _loads(text, source)
        try:
            unsealed = {key: value for key, value in data.items() if key != _SEAL}
            depths = data["depth_range_m"]
            return cls(
                index=int(data["index"]),
                camera=CameraRecord.from_tree(data),
                depth_range_m=None if depths is None else (float(depths[0]), float(depths[1])),
                coverage=float(data["coverage"]),
                notes=dict(data["notes"]),
                dataset_sha256=str(data["dataset_sha256"]),
                files={
                    kind: FileRecord(name=_plain_name(file["name"]), sha256=str(file["sha256"]))
                    for kind, file in data["files"].items()
                },
                as_written=_sealed(unsealed) == json_text(data),
            )
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise _malformed(source, error) from error


def cameras_to_json(cameras: Mapping[int, CameraRecord]) -> str:
    """The text of `cameras.json`: the planned cameras by view index."""
    views = [{"index": index, **camera.to_tree()} for index, camera in cameras.items()]
    return json_text({"schema": SCHEMA, "conventions": CONVENTIONS, "views": views})


def cameras_from_json(text: str, source: str) -> dict[int, CameraRecord]:
    """Read what `cameras_to_json` wrote; `source` names the file in errors."""
    data = _loads(text, source)
    _check_schema(data, source)
    try:
        return {int(view["index"]): CameraRecord.from_tree(view) for view in data["views"]}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _malformed(source, error) from error


def _sealed(tree: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(json_text(tree).encode("utf-8")).hexdigest()
    return json_text({**tree, _SEAL: digest})


def _loads(text: str, source: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{source} is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise DatasetError(f"{source} holds no JSON object")
    return data


def _check_schema(data: Mapping[str, Any], source: str) -> None:
    if data.get("schema") != SCHEMA:
        raise DatasetError(
            f"{source} is of schema {data.get('schema')!r}, and this program reads schema "
            f"{SCHEMA}; use the version of the program that made it"
        )


def _check_record(record: DatasetRecord) -> None:
    """Raise `ValueError` for what no dataset has."""
    if not 1 <= record.number_of_views <= MOST_VIEWS:
        raise ValueError(f"number_of_views is {record.number_of_views}")
    if not 0 < record.bounds.radius < math.inf:
        raise ValueError(f"the radius of its bounds is {record.bounds.radius}")
    ids = [entry.id for entry in record.objects]
    if len(set(ids)) < len(ids) or any(number < 1 for number in ids):
        raise ValueError("the ids of its objects are not different numbers from 1")


def _malformed(source: str, error: Exception) -> DatasetError:
    what = f"the key {error} is missing" if isinstance(error, KeyError) else str(error)
    return DatasetError(f"{source} is not a record of schema {SCHEMA}: {what}")


def _matrix(rows: object) -> Array:
    matrix = np.array(rows, dtype=np.float64)
    if matrix.shape != (4, 4):
        raise ValueError(f"a matrix of shape {matrix.shape} where 4x4 is expected")
    return matrix


def _plain_name(name: object) -> str:
    """A file's name; one that leads out of the dataset's folder is an attempt at something else."""
    if not isinstance(name, str) or not re.fullmatch(r"\w[\w.-]*", name):
        raise ValueError(f"{name!r} is no name of a file in the dataset's folder")
    return name


def _rigid(rows: object) -> Array:
    matrix = _matrix(rows)
    rotation = matrix[:3, :3]
    off = float(np.abs(rotation @ rotation.T - np.eye(3)).max())
    # Also where a number is NaN.
    if not (np.isfinite(matrix).all() and off <= RIGID_LIMIT):
        raise ValueError("cam_from_world is not a rotation and a shift")
    if matrix[3].tolist() != [0.0, 0.0, 0.0, 1.0]:
        raise ValueError("the last row of cam_from_world is not 0 0 0 1")
    return matrix


def _vector(values: Sequence[float]) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in values)
    if not all(map(math.isfinite, (x, y, z))):
        raise ValueError(f"a vector of {x}, {y}, {z} where finite numbers are expected")
    return (x, y, z)
