"""Finding plugins, what can be wrong with them, and errors in their hooks."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from viewbatch import plugin
from viewbatch.dataset import CameraRecord, Dataset, DatasetRecord
from viewbatch.dataset.writer import ViewFiles
from viewbatch.errors import DatasetError, PluginError
from viewbatch.passes import Pass, RenderedFrame
from viewbatch.plugin import BatchContext, Plugin, SceneContext, ViewContext, dataset_files, hook
from viewbatch.stopwatch import Stopwatch

HEAD = "from viewbatch.plugin import Plugin\nfrom dataclasses import dataclass\n"
THERE = ", ".join(sorted(p.stem for p in plugin.BUILT_IN.glob("[!_]*.py")))


def find_one(folder: Path, text: str, name: str = "own") -> tuple[type[Plugin] | None, list[str]]:
    (folder / f"{name}.py").write_text(text, encoding="utf-8")
    found, problems = plugin.find([name], [], folder)
    return found.get(name), problems


def test_our_own_are_found_by_name_or_by_table() -> None:
    found, problems = plugin.find(["mask"], ["depth"], None)
    assert (list(found), problems) == (["mask", "depth"], [])
    assert found["depth"].passes == {Pass.DEPTH}
    assert found["mask"].passes == {Pass.OBJECT_ID}


def test_a_plugin_of_the_user_needs_a_name_of_its_own(tmp_path: Path) -> None:
    """The options of `[plugins.depth]` in the default configuration are not its own."""
    found, problems = find_one(tmp_path, HEAD + "class Mine(Plugin):\n    pass\n", "depth")
    assert problems == [
        f"plugins.path: {tmp_path / 'depth.py'} has the name of a built-in plugin; give it another"
    ]
    # So that nothing else is said of options that are right.
    assert found is not None
    assert found.__name__ == "Depth"
    assert plugin.find([], ["depth"], tmp_path)[1] == problems
    assert plugin.find(["depth"], ["depth"], plugin.BUILT_IN / ".." / "plugins")[1] == []


def test_annotations_of_a_config_may_be_postponed(tmp_path: Path) -> None:
    text = (
        "from __future__ import annotations\n" + HEAD + "class Own(Plugin):\n"
        "    @dataclass(frozen=True, kw_only=True)\n"
        "    class Config:\n        size: int = 3\n"
    )
    own, problems = find_one(tmp_path, text)
    assert problems == []
    assert own is not None
    assert own.Config().size == 3  # type: ignore[attr-defined]
    assert "viewbatch_plugins.own" in sys.modules


def test_imported_plugin_classes_do_not_count(tmp_path: Path) -> None:
    own, problems = find_one(tmp_path, HEAD + "class Own(Plugin):\n    pass\nBase = Plugin\n")
    assert problems == []
    assert own is not None


def test_an_unknown_plugin_in_words(tmp_path: Path) -> None:
    assert plugin.find(["dpeth"], [], None) == (
        {}, [f"plugins.enabled: no plugin dpeth in {plugin.BUILT_IN}; there are {THERE}"]
    )  # fmt: skip
    (tmp_path / "aaa.py").touch()
    (tmp_path / "_hidden.py").touch()
    assert plugin.find(["dpeth"], [], tmp_path)[1] == [
        f"plugins.enabled: no plugin dpeth in {tmp_path}, {plugin.BUILT_IN}; there are aaa, {THERE}"
    ]


def test_a_folder_that_is_none_in_words(tmp_path: Path) -> None:
    path = tmp_path / "none"
    assert plugin.find(["depth"], [], path)[1] == [
        f"plugins.path: expected a folder, found {str(path)!r}"
    ]


def test_a_table_without_a_plugin_and_a_malformed_name_are_left_to_the_decoder() -> None:
    assert plugin.find(["../depth"], ["dpeth"], None) == ({}, [])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("1 / 0", "{path} cannot be imported: ZeroDivisionError: division by zero"),
        (
            "import nothing_of_this_name",
            "{path} cannot be imported: ModuleNotFoundError: No module named "
            "'nothing_of_this_name'",
        ),
        (
            "def (",
            "{path} cannot be imported: SyntaxError: invalid syntax (own.py, line 1)",
        ),
        ("", "{path} must define one class derived from Plugin, and defines none"),
        (
            HEAD + "class A(Plugin):\n    pass\nclass B(Plugin):\n    pass\n",
            "{path} must define one class derived from Plugin, and defines A, B",
        ),
        (
            HEAD + "class A(Plugin):\n    class Config:\n        size: int = 3\n",
            "{path}: A.Config must be a frozen dataclass",
        ),
        (
            "from __future__ import annotations\n" + HEAD + "class A(Plugin):\n"
            "    @dataclass(frozen=True)\n    class Config:\n        size: integer = 3\n",
            "{path}: A.Config cannot be read: name 'integer' is not defined",
        ),
        (
            HEAD + "class A(Plugin):\n    passes = frozenset({'dpeth'})\n",
            "{path}: passes holds 'dpeth', which is no Pass",
        ),
    ],
)
def test_a_plugin_that_cannot_be_used_in_words(tmp_path: Path, text: str, problem: str) -> None:
    own, problems = find_one(tmp_path, text)
    assert own is None
    assert problems == ["plugins.own: " + problem.format(path=tmp_path / "own.py")]


def test_every_bad_plugin_is_reported(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.py").write_text("", encoding="utf-8")
    _, problems = plugin.find(["one", "three", "two"], [], tmp_path)
    assert [problem.split()[0] for problem in problems] == [
        "plugins.one:", "plugins.enabled:", "plugins.two:"
    ]  # fmt: skip


def raising(tmp_path: Path) -> Plugin:
    own, _ = find_one(tmp_path, HEAD + "class Own(Plugin):\n    pass\n")
    assert own is not None
    return own(None)


def test_an_error_in_a_hook_names_plugin_hook_and_view(tmp_path: Path) -> None:
    own = raising(tmp_path)
    with pytest.raises(PluginError) as caught, hook(own, "on_view_rendered", 7):
        raise KeyError("depth")
    assert str(caught.value) == (
        "the plugin own failed in on_view_rendered at view 7: KeyError: 'depth'"
    )
    assert isinstance(caught.value.__cause__, KeyError)


def test_an_error_in_a_hook_of_the_whole_batch_names_no_view(tmp_path: Path) -> None:
    with pytest.raises(PluginError) as caught, hook(raising(tmp_path), "on_scene_ready"):
        raise RuntimeError("no light")
    assert str(caught.value) == "the plugin own failed in on_scene_ready: RuntimeError: no light"


def test_what_the_program_says_of_a_plugin_names_it_too(tmp_path: Path) -> None:
    with pytest.raises(PluginError) as caught, hook(raising(tmp_path), "on_view_rendered", 0):
        raise PluginError("000_depth.exr is written already; each kind of file has one")
    assert str(caught.value) == (
        "the plugin own failed in on_view_rendered at view 0: 000_depth.exr is written already; "
        "each kind of file has one"
    )


def test_a_pass_that_was_not_declared_in_words(tmp_path: Path) -> None:
    depth = np.zeros((2, 3), np.float32)
    frame = RenderedFrame({Pass.DEPTH: depth})
    assert frame[Pass.DEPTH] is depth
    assert Pass.NORMAL not in frame
    for key, name in ((Pass.NORMAL, "Pass.NORMAL"), ("dpeth", "'dpeth'")):
        with pytest.raises(PluginError) as caught, hook(raising(tmp_path), "on_view_rendered", 3):
            frame[key]  # type: ignore[index]
        assert str(caught.value) == (
            f"the plugin own failed in on_view_rendered at view 3: {name} is not among its passes; "
            "add it there"
        )


def test_errors_that_speak_to_the_user_and_interrupts_pass_through(tmp_path: Path) -> None:
    own = raising(tmp_path)
    for error in (DatasetError("said well"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as caught, hook(own, "on_scene_ready"):
            raise error
        assert caught.value is error


def test_a_plain_plugin_does_nothing_in_every_hook() -> None:
    nothing = Plugin(None)
    for name in ("on_scene_ready", "on_view_ready", "on_batch_finished"):
        assert getattr(nothing, name)(None) is None
    assert nothing.on_view_rendered(None, {}) is None  # type: ignore[arg-type]
    assert Plugin.passes == frozenset()


def named(*names: str) -> Plugin:
    class Own(Plugin):
        dataset_files = names

    return Own(None)


@pytest.fixture
def batch(tmp_path: Path, dataset_record: Callable[..., DatasetRecord]) -> BatchContext:
    record = dataset_record(files=("points.ply",))
    scene = SceneContext(record=record, intrinsics=None, mesh=lambda: pytest.fail("not asked for"))
    return BatchContext(dataset=Dataset(folder=tmp_path, record=record), scene=scene)


def test_a_file_of_the_whole_dataset_is_written_into_its_folder(
    tmp_path: Path, batch: BatchContext
) -> None:
    batch.write_bytes("points.ply", b"ply")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("points.ply", b"ply")]


@pytest.mark.parametrize("name", ["../points.ply", "other.ply", "dataset.json"])
def test_a_file_of_the_whole_dataset_that_is_not_declared_is_not_written(
    tmp_path: Path, batch: BatchContext, name: str
) -> None:
    with pytest.raises(ValueError, match="dataset_files") as caught:
        batch.write_bytes(name, b"ply")
    assert str(caught.value) == f"{name} is not in the plugin's dataset_files; name it there"
    assert list(tmp_path.iterdir()) == []


def test_the_files_of_the_whole_dataset_are_those_that_plugins_declare() -> None:
    assert dataset_files({"a": named("x.txt", "y.ply"), "b": named(), "c": named("z.json")}) == (
        "x.txt", "y.ply", "z.json"
    )  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["../x", "a/b", "", ".hidden", "dataset.json", "config.toml", "007_x.exr", "batch-1.log", 3],
)
def test_a_file_of_the_whole_dataset_cannot_have_any_name(name: str | int) -> None:
    with pytest.raises(PluginError) as caught:
        dataset_files({"own": named(name)})  # type: ignore[arg-type]
    assert str(caught.value) == (
        f"the plugin own names {name!r} in its dataset_files; a file of the dataset needs a "
        "plain name of its own"
    )


def test_two_plugins_with_one_file_of_the_whole_dataset_in_words() -> None:
    with pytest.raises(PluginError) as caught:
        dataset_files({"one": named("x.txt"), "two": named("y.txt", "x.txt")})
    assert str(caught.value) == "the plugins one and two both write x.txt; enable one of them"


def test_a_plugin_that_needs_another_says_so_with_the_other_mistakes(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        HEAD + "class Own(Plugin):\n    requires = ('depth', 'mask')\n", encoding="utf-8"
    )
    assert plugin.find(["own", "mask", "dpeth"], [], tmp_path)[1][1:] == [
        "plugins.enabled: own needs depth; enable it too"
    ]
    assert plugin.find(["own", "mask", "depth"], [], tmp_path)[1] == []
    # A table alone enables nothing.
    assert plugin.find([], ["own"], tmp_path)[1] == []


@pytest.fixture
def view(
    tmp_path: Path, camera_record: CameraRecord, files_of: Callable[[Path, int], ViewFiles]
) -> ViewContext:
    return ViewContext(
        index=0,
        camera=camera_record,
        files=files_of(tmp_path, 0),
        encode_color=lambda pixels: pixels.astype(np.uint8),
    )


def test_a_note_is_copied_into_the_record_as_plain_values(view: ViewContext) -> None:
    boxes = [{"id": 1, "box": (2, 3.5)}]
    view.note("boxes", boxes)
    boxes.clear()
    view.note("seen", True)
    assert view.notes == {"boxes": [{"id": 1, "box": [2, 3.5]}], "seen": True}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (np.int64(3), "Object of type int64 is not JSON serializable"),
        ([float("nan")], "Out of range float values are not JSON compliant"),
    ],
)
def test_a_note_that_json_does_not_know_in_words(
    view: ViewContext, value: object, reason: str
) -> None:
    with pytest.raises(ValueError, match="plain values") as caught:
        view.note("n", value)
    # Newer Pythons add the value.
    assert str(caught.value).startswith(f"the note n holds no plain values for JSON: {reason}")
    assert view.notes == {}


def test_two_notes_of_one_name_in_words(view: ViewContext) -> None:
    view.note("n", 1)
    with pytest.raises(PluginError) as caught:
        view.note("n", 2)
    assert str(caught.value) == "the note n is there already; choose another name"


def test_a_png_that_cannot_be_is_refused_at_the_call(view: ViewContext) -> None:
    with pytest.raises(ValueError, match="float64") as caught:
        view.write_png("x", np.zeros((2, 3)))
    assert str(caught.value) == (
        "a PNG holds a (height, width) or (height, width, 1 to 4) array of uint8 or uint16, "
        "not float64 of shape (2, 3)"
    )


def test_a_picture_beside_data_has_a_key_of_its_own(tmp_path: Path, view: ViewContext) -> None:
    levels = np.zeros((2, 3), np.uint8)
    view.write_exr("x", {"Y": np.zeros((2, 3), np.float32)}, quantity="", unit="")
    view.write_png("x", levels, key="x_png")
    for kind, key, name in [("x", None, "000_x.exr"), ("x", "z", "000_x.png"),
                            ("y", "x_png", "000_x.png")]:  # fmt: skip
        with pytest.raises(PluginError) as caught:
            view.write_png(kind, levels, key=key)
        assert str(caught.value) == f"{name} is written already; each kind of file has one"
    files = view.files.write(Stopwatch())
    assert {key: file.name for key, file in files.items()} == {
        "x": "000_x.exr", "x_png": "000_x.png"
    }  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000_x.exr", "000_x.png"]


@pytest.mark.parametrize(
    "name",
    ["../own", "folder/own", "{folder}/own", "..", "own.py", "own\0", "öwn", "\uff4fwn", "", "a b"],
)
def test_a_name_leads_out_of_no_folder(tmp_path: Path, name: str) -> None:
    """Neither as an enabled plugin nor as a table."""
    ran = tmp_path / "ran"
    (tmp_path / "plugins").mkdir()
    for folder in (tmp_path, tmp_path / "plugins", tmp_path / "plugins" / "folder"):
        folder.mkdir(exist_ok=True)
        for stem in ("own", "öwn", "a b", ""):
            (folder / f"{stem}.py").write_text(f"open({str(ran)!r}, 'w')", encoding="utf-8")
    name = name.format(folder=tmp_path)
    assert plugin.find([name], [name], tmp_path / "plugins") == ({}, [])
    assert not ran.exists()


def test_a_plugin_may_be_named_like_a_module_of_python(tmp_path: Path) -> None:
    text = (
        "import json\nfrom viewbatch.plugin import Plugin\n"
        "class Own(Plugin):\n    dataset_files = (json.dumps(1),)\n"
    )
    found, problems = find_one(tmp_path, text, "json")
    assert problems == []
    assert found is not None
    assert found.dataset_files == ("1",)
    assert json.loads("[1]") == [1]


def test_a_name_that_means_something_else_is_reserved(tmp_path: Path) -> None:
    (tmp_path / "lambda.py").touch()
    assert plugin.find(["path", "lambda"], [], tmp_path)[1] == [
        "plugins.path: path is reserved; give the plugin another name",
        "plugins.lambda: lambda is reserved; give the plugin another name",
    ]
