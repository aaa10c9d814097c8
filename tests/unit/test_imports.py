"""What may import what (DESIGN, section 6), and that nothing but `viewbatch/blender` needs bpy."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "viewbatch"

# unit of the package -> what it may import of ours; every unit may import itself.
ALLOWED = {
    "__init__": set(),
    "errors": set(),
    "geometry": set(),
    "quantities": set(),
    "estimate": {"quantities"},
    "console": {"errors", "quantities"},
    "interrupt": set(),
    "streams": set(),
    "children": set(),
    "stopwatch": set(),
    "trace": {"errors", "stopwatch"},
    "_decode": {"errors"},
    "passes": {"errors"},
    "bootstrap": {"errors", "children"},
    "standalone": {"errors"},
    "dataset": {"errors", "geometry", "passes", "stopwatch"},
    "logs": {"errors", "console", "dataset"},
    "verify": {"errors", "dataset", "geometry"},
    "config": {"errors", "passes", "_decode"},
    "sources": {"errors", "config", "_decode"},
    "model_files": {"errors"},
    "sampling": {"errors", "geometry", "config", "dataset"},
    "plugin": {"errors", "_decode", "dataset", "passes", "geometry"},
    "cli": {
        "__init__", "errors", "config", "plugin", "sources", "bootstrap", "console",
        "interrupt", "children", "stopwatch", "trace", "dataset", "model_files", "blender.job",
        "blender.runner",
    },
}  # fmt: skip
BLENDER = set(ALLOWED) - {"cli", "bootstrap", "console", "interrupt", "streams", "trace"} | {
    "blender"
}
OUR_PLUGINS = {"errors", "_decode", "plugin", "passes", "dataset", "geometry"}
STANDALONE = {"errors", "dataset", "geometry", "verify", "standalone"}
STDLIB_ONLY = {
    "errors",
    "standalone",
    "quantities",
    "estimate",
    "console",
    "children",
    "interrupt",
    "streams",
    "stopwatch",
    "trace",
    "bootstrap",
    "_decode",
    "config",
}


def unit_of(path: Path) -> str:
    """The row of the table that a module belongs to: a module, or a package of its own."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """(dotted name, whether inside a function) of all that a file imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((alias.name, id(node) in inside) for alias in names)
            case ast.ImportFrom(level=0, module=str(module), names=names):
                for alias in names:
                    yield f"{module}.{alias.name}", id(node) in inside
            case ast.ImportFrom():
                raise AssertionError(f"{path} has a relative import")


def own_unit(name: str) -> str | None:
    """The unit of ours that a dotted name belongs to; None for others' modules."""
    parts = name.split(".")
    if parts[0] != "viewbatch":
        return None
    if parts[1:2] == ["blender"]:
        return ".".join(parts[1:3]) if len(parts) > 2 else "blender"
    if len(parts) > 1 and ((PACKAGE / parts[1]).is_dir() or (PACKAGE / f"{parts[1]}.py").exists()):
        return parts[1]
    return "__init__"


def modules(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


OUTSIDE_BLENDER = [path for path in modules(PACKAGE) if "blender" not in path.parts[-2:-1]]


@pytest.mark.parametrize("path", OUTSIDE_BLENDER, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_imports_what_its_row_of_the_table_allows(path: Path) -> None:
    unit = unit_of(path)
    assert unit in ALLOWED, f"{unit} has no row in the table of this test and of the design"
    used = {own for name, _ in imports(path) if (own := own_unit(name)) is not None}
    assert used - ALLOWED[unit] - {unit} == set()
    if unit in STDLIB_ONLY:
        others = {name.partition(".")[0] for name, _ in imports(path)} - {"viewbatch"}
        assert others - sys.stdlib_module_names == set()


def test_blender_imports_nothing_of_the_command_line() -> None:
    for path in modules(PACKAGE / "blender"):
        used = {own.partition(".")[0] for name, _ in imports(path) if (own := own_unit(name))}
        assert used - BLENDER == set(), path


def test_the_runner_is_imported_inside_a_function_of_the_command_line_only() -> None:
    importers = {
        (unit_of(path), inside)
        for path in OUTSIDE_BLENDER
        for name, inside in imports(path)
        if (own_unit(name) or "").startswith("blender")
    }
    assert importers == {("cli", True)}


def test_bpy_is_imported_by_the_blender_package_only() -> None:
    foreign = {"bpy", "mathutils", "cycles", "_cycles", "bmesh"}
    for path in [*OUTSIDE_BLENDER, *modules(ROOT / "plugins"), ROOT / "generate-batch.py"]:
        assert {name.partition(".")[0] for name, _ in imports(path)} & foreign == set(), path


def test_plugins_use_what_every_plugin_may_use() -> None:
    paths = modules(ROOT / "plugins")
    assert {path.stem for path in paths} >= {"depth", "mask"}
    for path in paths:
        used = {own for name, _ in imports(path) if (own := own_unit(name)) is not None}
        assert used - OUR_PLUGINS == set(), path


def test_converters_and_helpers_read_datasets_and_nothing_else() -> None:
    for path in [*modules(ROOT / "compat"), *modules(ROOT / "scripts")]:
        used = {own for name, _ in imports(path) if (own := own_unit(name)) is not None}
        assert used - STANDALONE == set(), path


def test_everything_outside_blender_imports_without_bpy() -> None:
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in OUTSIDE_BLENDER
    ]
    code = (
        "import sys, importlib, pathlib\n"
        "for name in ('bpy', 'mathutils', 'cycles', '_cycles', 'bmesh'):\n"
        "    sys.modules[name] = None\n"  # importing it raises ImportError
        f"for name in {names!r}:\n"
        "    importlib.import_module(name)\n"
        "from viewbatch import plugin\n"
        "names = sorted(p.stem for p in plugin.BUILT_IN.glob('*.py'))\n"
        "found, problems = plugin.find(names, [], None)\n"
        "assert not problems, problems\n"
        "print(*found)\n"
        "try:\n"
        "    import viewbatch.blender.runner\n"
        "except ImportError:\n"
        "    print('no bpy')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    plugins = sorted(path.stem for path in (ROOT / "plugins").glob("*.py"))
    assert done.stdout.splitlines() == [" ".join(plugins), "no bpy"]
