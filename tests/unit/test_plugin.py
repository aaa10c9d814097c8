"""Finding plugins, what can be wrong with them, and errors in their hooks."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from viewbatch import plugin
from viewbatch.errors import DatasetError, PluginError
from viewbatch.passes import Pass
from viewbatch.plugin import BatchContext, Plugin, hook

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


def test_a_plugin_in_the_user_s_folder_wins(tmp_path: Path) -> None:
    own, problems = find_one(tmp_path, HEAD + "class Mine(Plugin):\n    pass\n", "depth")
    assert problems == []
    assert own is not None
    assert own.__name__ == "Mine"
    assert plugin.find(["depth"], [], None)[0]["depth"].__name__ == "Depth"


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


def test_a_file_of_the_whole_dataset_is_written_into_its_folder(tmp_path: Path) -> None:
    class Folder:
        folder = tmp_path

    BatchContext(dataset=Folder()).write_bytes("points.ply", b"ply")  # type: ignore[arg-type]
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("points.ply", b"ply")]


@pytest.mark.parametrize(
    "name", ["../points.ply", "a/b", "", ".hidden", "dataset.json", "007_x.exr"]
)
def test_a_file_of_the_whole_dataset_cannot_replace_another(tmp_path: Path, name: str) -> None:
    class Folder:
        folder = tmp_path / "out"

    Folder.folder.mkdir()
    with pytest.raises(ValueError, match="a file of the dataset needs a plain name of its own"):
        BatchContext(dataset=Folder()).write_bytes(name, b"ply")  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.rglob("*")] == ["out"]
