"""What a plugin is, and how plugins are found. PLUGINS.md has the shortest real one."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import keyword
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

import numpy as np
import numpy.typing as npt

from viewbatch.dataset import layout
from viewbatch.dataset.reader import Dataset
from viewbatch.dataset.records import CameraRecord, DatasetRecord
from viewbatch.dataset.writer import ViewFiles, write_bytes
from viewbatch.errors import PluginError, ViewbatchError
from viewbatch.geometry import Intrinsics
from viewbatch.passes import COLORS, GROUND_TRUTH, Frame, Pass

BUILT_IN = Path(__file__).resolve().parent.parent / "plugins"


RESERVED = frozenset({"enabled", "path", "problems"})
"""Names that mean something else in `[plugins]`."""


@dataclass(frozen=True, kw_only=True)
class SceneContext:
    """What is known once the model stands: objects with their ids, bounds, settings."""

    record: DatasetRecord
    intrinsics: Intrinsics | None
    """Those of all views; None where they vary."""
    mesh: Callable[[], SceneMesh]
    """Reads the geometry that is rendered, of the model's objects with an id."""
    ground_id: int = 0
    """Of the ground where masks show it: no object of the model; else 0."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SceneMesh:
    """The evaluated geometry of the objects with an id: modifiers and instances applied."""

    vertices: npt.NDArray[np.float64]
    """(n, 3) in world, metres."""
    triangles: npt.NDArray[np.int64]
    """(m, 3) indices of vertices, counter-clockwise seen from outside."""
    object_ids: npt.NDArray[np.uint32]
    """(m,) the object of each triangle."""


@dataclass(frozen=True, kw_only=True)
class ViewContext:
    """One view: its index, its camera, and where its files go."""

    index: int
    camera: CameraRecord
    files: ViewFiles
    encode_color: Callable[[npt.NDArray[np.generic]], npt.NDArray[np.uint8]]
    """From (H, W, 4) scene-linear, premultiplied colour to (H, W, 4) display levels with
    straight alpha, by the view transform of the colour images."""
    notes: dict[str, Any] = field(default_factory=dict)
    """What plugins add to the view's record through `note`."""

    def write_exr(
        self,
        kind: str,
        channels: Mapping[str, npt.NDArray[np.generic]],
        *,
        quantity: str,
        unit: str,
    ) -> None:
        """Write `NNN_<kind>.exr`; (H, W) arrays of float16, float32 or uint32 by channel."""
        self.files.add_exr(kind, channels, quantity=quantity, unit=unit)

    def write_png(
        self, kind: str, levels: npt.NDArray[np.generic], *, key: str | None = None
    ) -> None:
        """Write `NNN_<kind>.png`; (H, W) or (H, W, 1 to 4), uint8 or uint16.

        The record names it by its kind, or by `key`, where another file is of that kind.
        """
        self.files.add_png(kind, levels, key=key)

    def write_bytes(self, kind: str, extension: str, data: bytes) -> None:
        """Write `NNN_<kind><extension>`, such as write_bytes("note", ".txt", b"…")."""
        self.files.add_bytes(kind, extension, data)

    def note(self, name: str, value: object) -> None:
        """Add plain values (numbers, strings, lists, dicts) to the view's record, as `notes`."""
        if name in self.notes:
            raise PluginError(f"the note {name} is there already; choose another name")
        try:
            # A copy: what the plugin changes afterwards is not in the record.
            self.notes[name] = json.loads(json.dumps(value, allow_nan=False))
        except (TypeError, ValueError) as error:
            raise ValueError(f"the note {name} holds no plain values for JSON: {error}") from error


@dataclass(frozen=True, kw_only=True)
class BatchContext:
    """The finished dataset, read from disk; every planned view exists."""

    dataset: Dataset
    scene: SceneContext

    def write_bytes(self, name: str, data: bytes) -> None:
        """Write a file of the whole dataset that the plugin's `dataset_files` names."""
        if name not in self.dataset.record.files:
            raise ValueError(f"{name} is not in the plugin's dataset_files; name it there")
        write_bytes(self.dataset.folder, name, data)


class Plugin:
    """Base of every plugin: a file `<name>.py` holds one class derived from it.

    Passes are declared and arrive as arrays; files are written through the view's
    context, so that each is named, hashed and recorded.

    `passes` and `dataset_files` may be set in `__init__` where options decide them.
    """

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Options, decoded from `[plugins.<name>]`."""

    passes: frozenset[Pass] = frozenset()
    dataset_files: tuple[str, ...] = ()
    """Names of the files of the whole dataset that it may write: they are its own, refused
    where a foreign file has such a name, and removed with the dataset."""
    requires: tuple[str, ...] = ()
    """Names of the plugins whose files it reads: they must be enabled too."""

    def __init__(self, config: Any) -> None:
        self.config = config

    def on_scene_ready(self, scene: SceneContext) -> None:
        """The model is imported and framed; called once."""

    def on_view_ready(self, view: ViewContext) -> None:
        """A view's camera stands; called before it is rendered."""

    def on_view_rendered(self, view: ViewContext, frame: Frame) -> None:
        """A view's passes are there; called once a view."""

    def on_batch_finished(self, batch: BatchContext) -> None:
        """Every planned view exists.

        Called by each run that finds the dataset complete, so it must be repeatable: the
        run that made the last view may have ended before this.
        """


@contextmanager
def hook(plugin: Plugin, name: str, view: int | None = None) -> Iterator[None]:
    """Run a plugin's hook: what it raises stops the batch, with its name and its view."""
    try:
        yield
    except Exception as error:
        # A PluginError is what the program says of the plugin's own doing.
        is_said = isinstance(error, PluginError)
        if isinstance(error, ViewbatchError) and not is_said:
            raise
        where = "" if view is None else f" at view {view}"
        raise PluginError(
            f"the plugin {type(plugin).__module__.rpartition('.')[2]} failed in {name}{where}: "
            f"{error if is_said else f'{type(error).__name__}: {error}'}"
        ) from error


def ground_truth(plugins: Iterable[Plugin]) -> frozenset[Pass]:
    """Passes of the ground truth that are rendered for these plugins and a view's record."""
    # The record always tells the range of depths and how much of the image the target fills.
    return _passes(plugins) & GROUND_TRUTH | {Pass.DEPTH, Pass.OBJECT_ID}


def colors(plugins: Iterable[Plugin]) -> frozenset[Pass]:
    """Passes that are rendered with the colour image."""
    return _passes(plugins) & COLORS | {Pass.COLOR}


def _passes(plugins: Iterable[Plugin]) -> frozenset[Pass]:
    return frozenset[Pass]().union(*(plugin.passes for plugin in plugins))


def dataset_files(plugins: Mapping[str, Plugin]) -> tuple[str, ...]:
    """The files of the whole dataset that plugins, by name, may write.

    Raises `PluginError` for a name that cannot be one, and for one that two plugins write.
    """
    owners: dict[str, str] = {}
    for plugin_name, plugin in plugins.items():
        for name in plugin.dataset_files:
            if not (isinstance(name, str) and layout.is_plain(name)):
                raise PluginError(
                    f"the plugin {plugin_name} names {name!r} in its dataset_files; a file of the "
                    "dataset needs a plain name of its own"
                )
            if name in owners:
                raise PluginError(
                    f"the plugins {owners[name]} and {plugin_name} both write {name}; "
                    "enable one of them"
                )
            owners[name] = plugin_name
    return tuple(owners)


def find(
    enabled: Sequence[str], tables: Sequence[str], folder: Path | None
) -> tuple[dict[str, type[Plugin]], list[str]]:
    """The classes of the plugins that are enabled or have a table, and what was wrong.

    In `folder` are the user's own, whose names must differ from those of the built-in ones:
    the default configuration holds the options of these.
    """
    found: dict[str, type[Plugin]] = {}
    problems: list[str] = []
    folders = [BUILT_IN] if folder is None else [folder, BUILT_IN]
    if folder is not None and not folder.is_dir():
        problems.append(f"plugins.path: expected a folder, found {str(folder)!r}")
    for name in dict.fromkeys([*enabled, *tables]):
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            continue  # reported with the table's other keys
        path = next((p for f in folders if (p := f / f"{name}.py").is_file()), None)
        if name in RESERVED or keyword.iskeyword(name):
            problems.append(f"plugins.{name}: {name} is reserved; give the plugin another name")
            continue
        built_in = BUILT_IN / f"{name}.py"
        if path is not None and built_in.is_file() and not path.samefile(built_in):
            problems.append(
                f"plugins.path: {path} has the name of a built-in plugin; give it another"
            )
            path = built_in
        if path is not None:
            try:
                found[name] = _load(path)
            except PluginError as error:
                problems.append(f"plugins.{name}: {error}")
        elif name in enabled:
            known = sorted({p.stem for f in folders if f.is_dir() for p in f.glob("[!_]*.py")})
            problems.append(
                f"plugins.enabled: no plugin {name} in {', '.join(map(str, folders))}; "
                f"there are {', '.join(known)}"
            )
    problems.extend(
        f"plugins.enabled: {name} needs {needed}; enable it too"
        for name in enabled
        if name in found
        for needed in found[name].requires
        if needed not in enabled
    )
    return found, problems


def _load(path: Path) -> type[Plugin]:
    """The one plugin class of a file, imported by location."""
    module_name = f"viewbatch_plugins.{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise PluginError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    # Entered before it runs: dataclasses look their module up to resolve annotations.
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise PluginError(f"{path} cannot be imported: {type(error).__name__}: {error}") from error
    return _plugin_class(module, path)


def _plugin_class(module: ModuleType, path: Path) -> type[Plugin]:
    classes = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Plugin)
        and value.__module__ == module.__name__
    ]
    if len(classes) != 1:
        names = ", ".join(c.__name__ for c in classes) or "none"
        raise PluginError(f"{path} must define one class derived from Plugin, and defines {names}")
    [plugin] = classes
    if not dataclasses.is_dataclass(plugin.Config):
        raise PluginError(f"{path}: {plugin.__name__}.Config must be a frozen dataclass")
    try:
        get_type_hints(plugin.Config)
    except NameError as error:
        raise PluginError(f"{path}: {plugin.__name__}.Config cannot be read: {error}") from error
    if unknown := [p for p in plugin.passes if not isinstance(p, Pass)]:
        raise PluginError(f"{path}: passes holds {unknown[0]!r}, which is no Pass")
    return plugin
