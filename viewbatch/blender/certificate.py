"""The certificate of a batch, with what only the batch can find out: how noisy its images are."""

from __future__ import annotations

import logging

import numpy as np
import numpy.typing as npt

from viewbatch import sampling
from viewbatch.blender.cameras import Cameras
from viewbatch.blender.color import ColorEncoder
from viewbatch.blender.color_render import ColorRender
from viewbatch.config import Config
from viewbatch.dataset import Dataset, View, layout
from viewbatch.dataset.selection import spread
from viewbatch.dataset.writer import write_text
from viewbatch.errors import RunError
from viewbatch.passes import Pass
from viewbatch.verify import certify, psnr_db, text

log = logging.getLogger(__name__)


def write_certificate(
    dataset: Dataset,
    config: Config,
    cameras: Cameras,
    color_render: ColorRender,
    encoder: ColorEncoder,
) -> None:
    """Prove a dataset that is whole, and say so; raises `RunError` where it is refuted."""

    def read_levels(view: View) -> npt.NDArray[np.uint8]:
        levels = encoder.levels_of_file(view.path(layout.RENDER))
        # Blender reads four channels from any file: what is opaque throughout has three.
        return levels[..., :3] if (levels[..., 3] == 255).all() else levels

    def noise_db(view: View) -> float:
        """How much a second image of the view, with other noise, is like its first."""
        cameras.set_up(view.index)
        seed = sampling.second_cycles_seed(config.seed, view.index)
        color = color_render.passes(frozenset({Pass.COLOR}), seed)[Pass.COLOR]
        shown = view.read("depth") != 0
        return psnr_db(read_levels(view), encoder.levels(color), shown)

    pilots = spread(len(dataset.views), config.verify.noise_views)
    noise = {index: noise_db(dataset.view(index)) for index in pilots}
    certificate = certify(dataset, read_levels=read_levels, noise_db=noise)
    write_text(dataset.folder, layout.CERTIFICATE, certificate.to_json())
    for line in text.lines(certificate):
        log.info("%s", line)
    if not certificate.good:
        raise RunError(
            f"the dataset {dataset.folder} is complete, but it contradicts itself; "
            f"{layout.CERTIFICATE} says where"
        )
