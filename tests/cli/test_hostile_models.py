"""A .blend file full of scripts, paths and outputs, with every permission: nothing happens."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Host, is_log
from viewbatch.dataset import Dataset

MAKE = """
import os, sys
import bpy
model, marks = sys.argv[1:]
def touch(name):
    return f"open({os.path.join(marks, name)!r}, 'w').close()"
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.mesh.primitive_monkey_add()
monkey, scene = bpy.context.object, bpy.context.scene
def script(name, text):
    made = bpy.data.texts.new(name)
    made.write(text)
    made.use_module = True
    return made
script("module.py", touch("module"))
script("handlers.py", f'''
import bpy
@bpy.app.handlers.persistent
def mark(*_):
    {touch("handler")}
for name in ("load_post", "frame_change_pre", "depsgraph_update_post", "render_init", "render_pre"):
    getattr(bpy.app.handlers, name).append(mark)
bpy.app.timers.register(mark)
''')
for axis, name in enumerate(("driver x", "driver y")):
    driver = monkey.driver_add("location", axis).driver
    driver.expression = f"1 + len([{touch(name)}])"
def material(kind):
    made = bpy.data.materials.new(kind)
    made.use_nodes = True
    node = made.node_tree.nodes.new(kind)
    shader = made.node_tree.nodes["Principled BSDF"]
    made.node_tree.links.new(node.outputs[0], shader.inputs["Base Color"])
    monkey.data.materials.append(made)
    return node
osl = script("shader.osl", "")
osl.clear()
osl.write('#include "../../secret.txt"\\nshader s(output color Color = 0) { Color = 1; }')
osl.use_module = False
material("ShaderNodeTexImage").image = image = bpy.data.images.new("secret", 4, 4)
image.source, image.filepath = "FILE", "//../../secret.txt"
script_node = bpy.data.materials.new("script")
script_node.use_nodes = True
script_node.node_tree.nodes.new("ShaderNodeScript").script = osl
monkey.data.materials.append(script_node)
scene.render.engine, scene.cycles.shading_system = "CYCLES", True
for face in monkey.data.polygons:
    face.material_index = face.index % 2
scene.render.filepath = os.path.join(marks, "render", "image")
if bpy.app.version < (5, 0, 0):
    scene.use_nodes = True
    tree = scene.node_tree
    files = tree.nodes.new("CompositorNodeOutputFile")
    files.base_path = os.path.join(marks, "compositor")
else:
    tree = scene.compositing_node_group = bpy.data.node_groups.new("c", "CompositorNodeTree")
    files = tree.nodes.new("CompositorNodeOutputFile")
    files.directory = os.path.join(marks, "compositor")
    files.file_output_items.new("RGBA", "image")
tree.links.new(tree.nodes.new("CompositorNodeRLayers").outputs[0], files.inputs[0])
scene.render.use_compositing = scene.render.use_sequencer = True
cloth = monkey.modifiers.new("cloth", "CLOTH")
cloth.point_cache.use_disk_cache = True
cloth.show_render = False
bpy.ops.mesh.primitive_plane_add(size=0.5)
ocean = bpy.context.object.modifiers.new("ocean", "OCEAN")
ocean.filepath = os.path.join(marks, "ocean")
bpy.ops.wm.save_as_mainfile(filepath=model, compress=False)
for name in os.listdir(marks):
    os.unlink(os.path.join(marks, name))
os._exit(0)
"""
ALLOW = """
import os
import bpy
bpy.context.preferences.filepaths.use_scripts_auto_execute = True
bpy.ops.wm.save_userpref()
os._exit(0)
"""
OPEN = """
import os, sys
import bpy
bpy.ops.wm.open_mainfile(filepath=sys.argv[1], load_ui=False, use_scripts=True)
bpy.context.view_layer.update()
os._exit(0)
"""


def python(code: str, *arguments: Path, env: dict[str, str] | None = None) -> None:
    subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, **(env or {})}, stdout=subprocess.DEVNULL, check=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `deep/er/model.blend`, `secret.txt`, and `marks` that nobody may make."""
    folder = tmp_path_factory.mktemp("hostile")
    for name in ("deep/er", "marks", "resources/config"):
        (folder / name).mkdir(parents=True)
    (folder / "secret.txt").write_text("the-secret-of-the-user", encoding="utf-8")
    python(MAKE, folder / "deep" / "er" / "model.blend", folder / "marks")
    assert list((folder / "marks").iterdir()) == []
    return folder


def allow_scripts(folder: Path) -> dict[str, str]:
    """An environment whose user has allowed all scripts in Blender's preferences."""
    env = {"BLENDER_USER_RESOURCES": str(folder / "resources")}
    python(ALLOW, env=env)
    assert (folder / "resources" / "config" / "userpref.blend").is_file()
    return env


def test_nothing_in_a_file_runs(host: Host, here: Path, hostile: Path) -> None:
    marks, model = hostile / "marks", hostile / "deep" / "er" / "model.blend"
    env = allow_scripts(hostile)
    python(OPEN, model)
    # Where it is allowed to, all of it runs.
    ran = {path.name for path in marks.iterdir()}
    assert {"module", "driver x", "driver y", "handler"} <= ran
    for path in marks.iterdir():
        path.unlink()

    before = set(here.iterdir())
    result = host.run(model, "out", "2", "--set", "model.frame=3", cwd=here, env=env)
    assert result.code == 0, result.stderr
    assert list(marks.iterdir()) == []
    secret = f"{model.parent}{os.sep}../../secret.txt"
    assert (
        f"warning: the texture secret of the model cannot be read ({secret}); what uses it is "
        "drawn in magenta\n"
    ) in result.stderr
    assert set(here.iterdir()) - before == {here / "out"}
    dataset = Dataset.open(here / "out")
    expected = {"config.toml", "dataset.json"} | {f"{i:03d}_view.json" for i in range(2)}
    expected |= {record.name for view in dataset.views for record in view.record.files.values()}
    assert {p.name for p in (here / "out").iterdir() if not is_log(p.name)} == expected
    for path in (here / "out").iterdir():
        assert b"the-secret-of-the-user" not in path.read_bytes()


def test_a_blender_program_that_is_told_to_run_scripts_does_not(
    host: Host, here: Path, hostile: Path
) -> None:
    if not host.in_blender:
        pytest.skip("the bpy package has no such argument")
    model = hostile / "deep" / "er" / "model.blend"
    command = host.command([model, "out", "1"])
    command.insert(1, "--enable-autoexec")
    done = subprocess.run(command, cwd=here, capture_output=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    assert list((hostile / "marks").iterdir()) == []
