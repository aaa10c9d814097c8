"""Small scenes made in Blender, and the generator's own steps to render them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import numpy.typing as npt

from viewbatch import plugin, sources
from viewbatch.blender import aov, engine, versions
from viewbatch.blender.camera import BlenderPose, new_camera
from viewbatch.blender.capture import AOVS, Capture
from viewbatch.blender.job import Job
from viewbatch.blender.lens import Lens
from viewbatch.blender.model import import_model
from viewbatch.blender.runner import run
from viewbatch.blender.scene import Stage, build
from viewbatch.config import Config
from viewbatch.dataset import Dataset
from viewbatch.geometry import Camera
from viewbatch.model_files import Findings, read
from viewbatch.passes import GROUND_TRUTH, Frame, Pass
from viewbatch.plugin import Plugin
from viewbatch.stopwatch import Stopwatch

ROOT = Path(__file__).resolve().parents[2]
Array = npt.NDArray[np.float64]

CUBE_FACES = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]


def cube_points(half: float = 1.0, center: Sequence[float] = (0, 0, 0)) -> Array:
    """(8, 3) corners, x slowest and z fastest, as `CUBE_FACES` counts them."""
    corners = np.stack(np.meshgrid(*[(-half, half)] * 3, indexing="ij"), axis=-1)
    return corners.reshape(-1, 3) + np.asarray(center, dtype=np.float64)


def random_rotation(rng: np.random.Generator) -> Array:
    """(3, 3), uniform over all rotations: Q of a Gaussian matrix, with its signs settled."""
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return q * np.sign(np.linalg.det(q))


def configured(
    *overrides: str, path: Path = sources.DEFAULT_FILE
) -> tuple[Config, dict[str, type[Plugin]]]:
    """A configuration with KEY=VALUE overrides, and the plugins it names."""
    found = sources.load(path, overrides, ROOT)
    assert found.plugins is not None
    folder = Path(found.plugins.path) if found.plugins.path else None
    classes, problems = plugin.find(found.plugins.enabled, found.plugin_tables, folder)
    return found.decode({name: c.Config for name, c in classes.items()}, problems), classes


def empty_scene() -> Any:
    """The scene of a Blender with factory settings and nothing in it."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return bpy.context.scene


def add_mesh(
    scene: Any, name: str, points: npt.ArrayLike, faces: Sequence[Sequence[int]], into: Any = None
) -> Any:
    """A mesh object in the scene's collection or another one."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(np.asarray(points, dtype=np.float64).tolist(), [], [list(f) for f in faces])
    mesh_object = bpy.data.objects.new(name, mesh)
    (into or scene.collection).objects.link(mesh_object)
    return mesh_object


def add_cube(
    scene: Any, name: str, center: Sequence[float] = (0, 0, 0), half: float = 1.0, into: Any = None
) -> Any:
    """A cube whose vertices, not its object, stand at `center`."""
    return add_mesh(scene, name, cube_points(half, center), CUBE_FACES, into)


def triangles_in_world(mesh_object: Any) -> Array:
    """(n, 3, 3) corners as Blender holds them, for faces of any number of corners."""
    mesh = mesh_object.data
    mesh.calc_loop_triangles()
    points = np.array([v.co for v in mesh.vertices], dtype=np.float64)
    matrix = np.array(mesh_object.matrix_world, dtype=np.float64)
    points = points @ matrix[:3, :3].T + matrix[:3, 3]
    return points[[list(t.vertices) for t in mesh.loop_triangles]]


def shaded(name: str, shader: str, **inputs: Any) -> Any:
    """A material of one shader node; inputs by name, with _ for a space, unlinked."""
    material = bpy.data.materials.new(name)
    tree = nodes_of(material)
    node = tree.nodes.new(shader)
    for key, value in inputs.items():
        node.inputs[key.replace("_", " ")].default_value = value
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    tree.links.new(node.outputs[0], output.inputs["Surface"])
    return material


def nodes_of(material: Any) -> Any:
    """The node tree of a new material, emptied."""
    tree = versions.material_nodes(material)
    tree.nodes.clear()
    return tree


def emission(name: str, color: Sequence[float], strength: float = 1.0) -> Any:
    """A material that shines with one linear colour, whatever the light."""
    return shaded(name, "ShaderNodeEmission", Color=(*color, 1.0), Strength=strength)


def lens_of(config: Config) -> Lens:
    """The lens of a configuration that draws none."""
    focal_length = config.camera.lens.focal_length
    assert isinstance(focal_length, float)
    return Lens.configured(config.camera, config.render, focal_length)


@dataclass
class Studio:
    """A scene under the generator's own camera and render settings."""

    scene: Any
    capture: Capture
    config: Config

    @property
    def lens(self) -> Lens:
        return lens_of(self.config)

    @classmethod
    def of(cls, scene: Any, capture: Capture, *overrides: str) -> Studio:
        config, _ = configured(*overrides)
        camera = new_camera(config.camera.dof)
        scene.collection.objects.link(camera)
        scene.camera = camera
        engine.configure(scene, config.render)
        engine.configure_image(scene, config.render)
        lens_of(config).apply(scene)
        return cls(scene, capture, config)

    def look(
        self,
        location: Sequence[float],
        rotation: Array,
        near: float = 0.01,
        far: float = 100.0,
    ) -> Camera:
        """Place the camera as the runner does; the camera that its records would hold."""
        x, y, z = (float(v) for v in location)
        pose = BlenderPose.nearest((x, y, z), rotation)
        pose.place(self.scene.camera)
        data = self.scene.camera.data
        data.clip_start, data.clip_end = near, far
        return Camera(intrinsics=self.lens.intrinsics, cam_from_world=pose.cam_from_world)

    def color(self, seed: int = 1, *, denoise: bool = False, dof: bool = False) -> Any:
        """(H, W, 4) linear premultiplied colour."""
        only = frozenset({Pass.COLOR})
        engine.use_color(self.scene, self.config.render, seed, only, denoise=denoise, dof=dof)
        return self.capture.passes(self.scene, only)[Pass.COLOR]

    def ground_truth(self, passes: frozenset[Pass] = GROUND_TRUTH) -> Frame:
        """The passes, once the materials make them: from the first call on they do."""
        there = {made.name for made in self.scene.view_layers[0].aovs}
        aov.install(self.scene, [p for p in passes if AOVS.get(p, "") not in there])
        engine.use_ground_truth(self.scene, passes)
        return self.capture.passes(self.scene, passes)


def staged(path: Path, capture: Capture, *overrides: str) -> tuple[Stage, Config]:
    """The scene that the generator builds from a model file."""
    config, _ = configured(*overrides)
    source = import_model(path)
    camera = new_camera(config.camera.dof)
    stage = build(source, path, camera, config, capture)
    engine.configure(stage.scene, config.render)
    lens_of(config).apply(stage.scene)
    return stage, config


def save_blend(path: Path) -> Path:
    """Keep the present Blender data as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=False, check_existing=False)
    return path


def generate(
    model: Path, output: Path, number: int, *overrides: str, path: Path = sources.DEFAULT_FILE
) -> Dataset:
    """A dataset, made by the generator in this process."""
    config, classes = configured(*overrides, path=path)
    job = Job(
        model=model,
        findings=read(model) if model.exists() else Findings(),
        output=output,
        number_of_views=number,
        views=range(number),
        config=config,
        plugins=classes,
        skip_render=False,
        overwrite=False,
    )
    run(job, Stopwatch())
    return Dataset.open(output)
