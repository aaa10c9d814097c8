"""[verify]: the certificate at the end of a batch."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from compat.shared.images import read_levels
from tests.compat.datasets import BLOCKS, QUICK, ROOT
from viewbatch.dataset import Dataset
from viewbatch.verify import certify, psnr_db

SETTINGS = ("render.resolution_x=96", "render.resolution_y=64", "verify.at_end=true")


def generate(output: Path, *settings: str, views: int = 4) -> subprocess.CompletedProcess[str]:
    words = [word for setting in (*QUICK, *SETTINGS, *settings) for word in ("--set", setting)]
    return subprocess.run(
        [sys.executable, str(ROOT / "generate-batch.py"), str(BLOCKS), output.name, str(views),
         *words],
        cwd=output.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("file_format", ["PNG", "OPEN_EXR"])
def test_a_batch_ends_with_the_certificate_that_the_files_give(
    tmp_path: Path, file_format: str
) -> None:
    done = generate(tmp_path / "out", f"render.image_settings.file_format={file_format}")
    assert done.returncode == 0, done.stderr
    assert "out is consistent: nothing is wrong\n" in done.stderr
    dataset = Dataset.open(tmp_path / "out")
    assert dataset.record.files == ("certificate.json",)
    told = json.loads((tmp_path / "out" / "certificate.json").read_text())
    again = json.loads(certify(dataset, read_levels=read_levels).to_json())
    if file_format == "OPEN_EXR":  # Blender's own curve is not sRGB's to the last level
        for views in (told["views"], again["views"]):
            for view in views:
                view.pop("health")
    assert told == again


def test_it_waits_for_the_last_view(tmp_path: Path) -> None:
    assert generate(tmp_path / "out").returncode == 0
    (tmp_path / "out" / "certificate.json").unlink()
    (tmp_path / "out" / "002_view.json").unlink()
    whole = (tmp_path / "out" / "001_view.json").read_bytes()
    assert generate(tmp_path / "out").returncode == 0
    assert (tmp_path / "out" / "certificate.json").is_file()
    assert (tmp_path / "out" / "001_view.json").read_bytes() == whole


SHIFTS = """
import json
from viewbatch.plugin import Plugin

class Shifts(Plugin):
    def on_batch_finished(self, batch):
        for path in batch.dataset.folder.glob("*_view.json"):
            tree = json.loads(path.read_text())
            path.write_text(json.dumps({**tree, "cx": tree["cx"] + 0.5}))
"""


def test_a_dataset_that_contradicts_itself_ends_the_run_with_1(tmp_path: Path) -> None:
    """Its records are changed when its last view is there."""
    (tmp_path / "shifts.py").write_text(SHIFTS, encoding="utf-8")
    own = ['plugins.path="."', 'plugins.enabled=["depth", "mask", "shifts"]']
    done = generate(tmp_path / "out", *own)
    assert done.returncode == 1
    assert "the principal point is wrong: cx is 0." in done.stderr
    assert done.stderr.splitlines()[-1] == (
        "error: the dataset out is complete, but it contradicts itself; certificate.json says where"
    )


def test_the_noise_of_chosen_views_is_measured(tmp_path: Path) -> None:
    """Four times the samples halve the noise: 6 dB."""
    found = []
    for samples in (8, 32):
        output = tmp_path / str(samples)
        done = generate(output, "verify.noise_views=2", f"render.samples={samples}")
        assert done.returncode == 0, done.stderr
        noise = json.loads((output / "certificate.json").read_text())["noise_db"]
        assert list(noise) == ["1", "3"]
        assert f"PSNR of {min(noise.values()):.1f} dB or more in views 1 and 3" in done.stderr
        found.append(np.mean(list(noise.values())))
    assert 20 < found[0] < found[1] < 50
    assert found[1] - found[0] == pytest.approx(6, abs=1.5)


def test_the_measured_noise_is_that_of_one_image() -> None:
    """Two images of grey 128 with noise of 4 levels each: 20 log10(255 / 4)."""
    random = np.random.default_rng(0)
    first, second = (
        np.rint(random.normal(128, 4, (200, 300, 4))).astype(np.uint8) for _ in range(2)
    )
    shown = np.ones((200, 300), bool)
    assert psnr_db(first, second, shown) == pytest.approx(20 * math.log10(255 / 4), abs=0.1)
    assert psnr_db(first, first, shown) == 99.0
    second[:, :150] = 255
    shown[:, :150] = False
    assert psnr_db(first, second, shown) == pytest.approx(20 * math.log10(255 / 4), abs=0.1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            ["verify.at_end=false", "verify.noise_views=1"],
            "verify.noise_views: expected 0 where verify.at_end is false",
        ),
        (
            ['plugins.enabled=["mask"]'],
            'verify.at_end: expected "depth" in plugins.enabled: views are compared by it',
        ),
        (
            ["verify.noise_views=1", "render.engine=EEVEE"],
            "verify.noise_views: expected 0 with render.engine EEVEE, whose noise is fixed",
        ),
    ],
)
def test_settings_that_do_not_fit_are_refused(
    tmp_path: Path, settings: list[str], message: str
) -> None:
    done = generate(tmp_path / "out", *settings)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].strip() == message
    assert not (tmp_path / "out").exists()
