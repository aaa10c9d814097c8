"""Nothing piles up in the process: what a view leaves behind is on the disk."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import SUZANNE, Host

COUNTS = """
import gc, json
from collections import Counter
from viewbatch.passes import Pass
from viewbatch.plugin import Plugin

def counts():
    import bpy
    kinds = [p.identifier for p in bpy.data.bl_rna.properties if p.type == "COLLECTION"]
    blocks = {kind: len(getattr(bpy.data, kind)) for kind in kinds}
    gc.collect()
    return blocks, Counter(type(one).__name__ for one in gc.get_objects())

class Counts(Plugin):
    passes = frozenset({Pass.COLOR})

    def on_view_rendered(self, view, frame):
        view.encode_color(frame[Pass.COLOR])
        if view.index == 5:
            self.before = counts()
        if view.index == 25:
            blocks, objects = counts()
            grown = {k: n - self.before[1][k] for k, n in objects.items()}
            grown = {k: n for k, n in grown.items() if n >= 20}
            with open("counts.json", "w") as file:
                json.dump([blocks == self.before[0], len(blocks), grown], file)
"""


def test_twenty_views_leave_no_object_each(host: Host, here: Path) -> None:
    """Neither in Python nor in Blender; what is queued for the disk at the moment is fewer."""
    (here / "counts.py").write_text(COUNTS, encoding="utf-8")
    names = '["depth", "mask", "masked", "point_cloud", "counts"]'
    own = ["--set", 'plugins.path="."', "--set", f"plugins.enabled={names}"]
    result = host.run(SUZANNE, "out", "26", *own, cwd=here)
    assert result.code == 0, result.stderr
    same_blocks, kinds, grown = json.loads((here / "counts.json").read_text())
    assert kinds > 20
    assert same_blocks
    assert grown == {}
