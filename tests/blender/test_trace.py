"""Files of a view are encoded while the next one is rendered, and the trace shows it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.blender.scenes import ROOT, configured
from viewbatch import trace
from viewbatch.blender.job import Job
from viewbatch.blender.runner import run
from viewbatch.model_files import read
from viewbatch.stopwatch import Stopwatch


class Gate(Stopwatch):
    """Holds the writer inside of encoding the first view until the second is rendered."""

    def __init__(self) -> None:
        super().__init__(trace=True)
        self.rendered = threading.Event()

    @contextmanager
    def stage(self, name: str, **details: Any) -> Iterator[None]:
        with super().stage(name, **details):
            if name == "encoding" and details["view"] == 0:
                assert self.rendered.wait(60), "the second view waits for the first one's files"
            yield
        if name == "ground truth" and details["view"] == 1:
            self.rendered.set()


def test_a_view_is_rendered_while_files_of_another_are_encoded(tmp_path: Path) -> None:
    config, classes = configured(
        "render.resolution_x=16", "render.resolution_y=12", "render.samples=1",
        "render.cycles.use_denoising=false",
    )  # fmt: skip
    watch = Gate()
    model = ROOT / "references" / "models" / "suzanne.glb"
    job = Job(
        model=model,
        findings=read(model),
        output=tmp_path / "out",
        number_of_views=2,
        views=range(2),
        config=config,
        plugins=classes,
        skip_render=False,
        overwrite=False,
    )
    run(job, watch)
    assert watch.spans is not None
    found = trace.events(watch.spans, watch.readings)
    names = {event["tid"]: event["args"]["name"] for event in found if event["ph"] == "M"}
    spans = [event for event in found if event["ph"] == "X"]

    def of(name: str, view: int) -> list[dict[str, Any]]:
        chosen = [s for s in spans if s["name"] == name and s["args"].get("view") == view]
        return sorted(chosen, key=lambda span: span["ts"])

    first = of("encoding", 0)[0]
    assert names[first["tid"]] == "viewbatch-writer"
    truth = of("ground truth", 1)[0]
    assert names[truth["tid"]] == "MainThread"
    assert first["ts"] < truth["ts"] + truth["dur"] < first["ts"] + first["dur"]
    # Each of the two renders of a view: Cycles renders and finishes, then passes are read.
    for view in (0, 1):
        inner = [s["name"] for s in sorted(spans, key=lambda s: s["ts"])
                 if s["args"].get("view") == view and names[s["tid"]] == "MainThread"]  # fmt: skip
        assert inner == [
            "plugins", "setting up",
            "colour", "Cycles", "Cycles", "reading passes",
            "ground truth", "Cycles", "Cycles", "reading passes",
            "colour file", "plugins", "record", "waiting for the writer",
        ]  # fmt: skip
    files = {span["args"]["file"] for span in of("renaming", 1)}
    assert files == {"001_render.png", "001_depth.exr", "001_mask.exr"}
    if watch.readings:  # where the system tells
        assert [event["ph"] for event in found].count("C") == 2
