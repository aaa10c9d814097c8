"""A value at a key's limit makes a dataset, and one just outside is refused in a sentence."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, get_args, get_origin, get_type_hints

import numpy as np
import pytest

from tests.blender import scenes
from tests.blender.keys import models
from tests.blender.keys.settings import SMALL
from viewbatch import plugin
from viewbatch._decode import Rule
from viewbatch.config import Config
from viewbatch.errors import ConfigError

SCENE = ("camera.location.radius_unit=scene", "camera.location.mode=orbit",
         "camera.location.orbit.radius=9")  # fmt: skip
LENS = "camera.lens"
FIT = ("camera.location.mode=orbit",)


@dataclass(frozen=True)
class Ranged:
    """A number with a rule, or an array of such."""

    key: str
    is_integer: bool
    words: str
    """The rule, such as "from 0 to 1"."""
    count: int = 0
    """How many numbers the array has; 0 where it is none."""

    def toml(self, value: float) -> str:
        return str([value] * self.count) if self.count else str(value)

    @property
    def limits(self) -> tuple[float | None, float | None, bool]:
        """The smallest and the largest value, and whether they are accepted."""
        if match := re.fullmatch(r"from (\S+) to (\S+)", self.words):
            low, high = (_number(text) for text in match.groups())
            return low, high, True
        match = re.fullmatch(r"(of at least|greater than) (\S+)", self.words)
        assert match, self.words
        return _number(match[2]), None, match[1] == "of at least"


def _number(text: str) -> float:
    if text == "pi":
        return math.pi
    return int(text) if re.fullmatch("-?[0-9]+", text) else float(text)


def ranged(kind: type, path: str = "") -> Iterator[Ranged]:
    for name, hint in get_type_hints(kind, include_extras=True).items():
        key = f"{path}.{name}" if path else name
        if isinstance(hint, type) and dataclasses.is_dataclass(hint):
            yield from ranged(hint, key)
            continue
        choices, count = (hint,), 0
        if get_origin(hint) is tuple:
            # All numbers of an array are of one type.
            choices, count = get_args(hint)[:1], len(get_args(hint))
        elif get_origin(hint) is not Annotated:
            choices = get_args(hint)
        for choice in choices:
            if get_origin(choice) is Annotated:
                for rule in (extra for extra in get_args(choice) if isinstance(extra, Rule)):
                    yield Ranged(key, choice.__origin__ is int, rule.words, count)


def all_ranged() -> list[Ranged]:
    own = {p.stem for p in plugin.BUILT_IN.glob("[!_]*.py")}
    classes, _ = plugin.find(sorted(own), [], None)
    return list(ranged(Config.with_plugins({name: c.Config for name, c in classes.items()})))


def said(key: str, value: str) -> list[str]:
    """What is wrong with a value, of this key alone."""
    try:
        scenes.configured(f"{key}={value}")
    except ConfigError as error:
        # Rules that span several keys may be broken too.
        own = re.compile(rf"{re.escape(key)}: expected (an? (number|integer|angle|array)\b)")
        return [problem for problem in error.problems if own.match(problem)]
    return []


@pytest.mark.parametrize("of", all_ranged(), ids=lambda of: of.key)
def test_just_outside_of_a_limit_is_a_sentence(of: Ranged) -> None:
    low, high, included = of.limits
    for limit, sign in ((low, -1), (high, 1)):
        if limit is None:
            continue
        beyond = limit + sign if of.is_integer else math.nextafter(limit, sign * math.inf)
        [sentence] = said(of.key, of.toml(beyond))
        assert of.words in sentence
        assert f", found {of.toml(beyond)}"[:40] in sentence
        assert bool(said(of.key, of.toml(limit))) == (not included)


@pytest.mark.parametrize(
    "overrides",
    [
        (*FIT, f"{LENS}.focal_length=1"),
        (*FIT, f"{LENS}.focal_length=5000"),
        (*FIT, f"{LENS}.mode=field_of_view", f"{LENS}.field_of_view=0.001"),
        (*FIT, "camera.sensor_width=1"),
        (*FIT, "camera.sensor_width=1000"),
        (*FIT, "camera.sensor_fit=VERTICAL", "camera.sensor_height=1"),
        (*FIT, "camera.sensor_fit=VERTICAL", "camera.sensor_height=1000"),
        (*FIT, "render.filter_size=0"),
        (*FIT, "render.filter_size=10"),
        (*FIT, "render.resolution_x=3200", "render.resolution_y=2400",
         "render.resolution_percentage=1"),
        (*FIT, "render.resolution_x=4", "render.resolution_y=4",
         "render.resolution_percentage=1000"),
        (*FIT, "render.exposure=-32"),
        (*FIT, "render.exposure=32"),
        (*FIT, *(f"render.cycles.{kind}_bounces=0" for kind in
                 ("max", "diffuse", "glossy", "transmission", "volume")),
         "render.cycles.transparent_max_bounces=0"),
        (*FIT, *(f"render.cycles.{kind}_bounces=1024" for kind in
                 ("max", "diffuse", "glossy", "transmission", "volume")),
         "render.cycles.transparent_max_bounces=1023"),
        (*FIT, "render.cycles.adaptive_threshold=0", "render.samples=8"),
        (*FIT, "model.frame=-1048574"),
        (*FIT, "model.frame=1048574"),
        (*FIT, "model.scale=1e-6"),
        (*FIT, "model.scale=1e6"),
        (*FIT, "seed=9223372036854775807"),
        (*FIT, "camera.location.orbit.inclination=0"),
        (*FIT, "camera.location.orbit.inclination=pi"),
        (*FIT, "camera.location.orbit.turns=-1000"),
        (*FIT, "camera.location.min_angle_deg=180", "camera.location.orbit.inclination=pi/2"),
        (*FIT, "camera.checks.attempts=1"),
        (*FIT, "camera.checks.margin=0"),
        (*FIT, "camera.jitter.roll=pi"),
        (*FIT, "camera.stereo.use=true", "camera.stereo.baseline=1e-6"),
        (*FIT, "camera.dof.use=true", "camera.dof.fstop=0.01"),
        (*FIT, "camera.dof.use=true", "camera.dof.fstop=1000"),
        (*SCENE, "camera.clip_start=1e-6"),
        (*SCENE, "camera.clip_end=1e15"),
        ("camera.location.mode=random", "camera.location.random.inc_min=0",
         "camera.location.random.inc_max=0"),
        ("camera.location.mode=quasi_random", "camera.location.quasi_random.inc_min=pi",
         "camera.location.quasi_random.inc_max=pi"),
        ("camera.location.mode=fibonacci", "camera.location.fibonacci.inc_max=pi"),
        ("camera.location.mode=uniform", "camera.location.uniform.inc_start=0",
         "camera.location.uniform.inc_stop=pi"),
        ("light.mode=camera", "light.camera.size=0"),
        ("light.mode=three_point", "light.three_point.fill=0", "light.three_point.back=0",
         "light.three_point.size=0"),
        ("light.uniform.amount=1", "light.uniform.size=0"),
        ("light.uniform.inclinations=[]",),
        ("light.mode=random", "light.random.amount_min=1", "light.random.amount_max=1",
         "light.random.inc_min=pi", "light.random.inc_max=pi"),
        ("light.uniform.radius=1e-3",),
        ("light.uniform.energy=1e15",),
        ("ground.mode=plane", "ground.size=1e-3", "ground.roughness=0"),
        ("ground.mode=plane", "ground.size=1e8"),
        ("ground.mode=plane", "ground.pattern=checkerboard", "ground.square_size=1e-3"),
        ('plugins.enabled=["depth","mask","linear","point_cloud"]',
         "plugins.point_cloud.max_points=1"),
        ('render.image_settings.file_format="JPEG"', "render.image_settings.quality=0"),
        ('render.image_settings.file_format="WEBP"', "render.image_settings.quality=100"),
    ],
    ids=lambda overrides: " ".join(o.rpartition(".")[2] for o in overrides if o not in FIT),
)  # fmt: skip
def test_at_a_limit_there_is_a_dataset(tmp_path: Path, overrides: Sequence[str]) -> None:
    model = models.save("pair", tmp_path)
    dataset = scenes.generate(model, tmp_path / "out", 2, *SMALL, *overrides)
    assert len(dataset.views) == 2
    for view in dataset.views:
        assert 0 < view.record.coverage <= 1
        depth = np.asarray(view.read("depth"))
        assert np.isfinite(depth).all()
        near, far = view.record.camera.near_m, view.record.camera.far_m
        assert near <= depth[depth > 0].min() <= depth.max() <= far
        assert np.isfinite(np.asarray(view.read("linear"))).all()


@pytest.mark.parametrize(
    "overrides",
    [
        (f"{LENS}.mode=field_of_view", f"{LENS}.field_of_view=3.1"),
        ("render.pixel_aspect_x=200",),
        ("render.pixel_aspect_y=200",),
        (f"{LENS}.shift_x=10", *SCENE),
        (f"{LENS}.shift_y=-10", *SCENE),
        ("camera.location.orbit.radius=1e15",),
        ("camera.target=[1e15,0,0]", "camera.location.radius_unit=scene"),
        ("camera.jitter.target=1e15", "camera.location.orbit.radius=3"),
    ],
    ids=lambda overrides: overrides[0],
)
def test_a_frame_in_which_the_target_is_less_than_a_pixel(
    tmp_path: Path, overrides: Sequence[str]
) -> None:
    """Or outside of it: the record tells, and its camera still is the one that was asked for."""
    model = models.save("pair", tmp_path)
    dataset = scenes.generate(model, tmp_path / "out", 1, *SMALL, *FIT, *overrides)
    [view] = dataset.views
    assert (view.record.coverage, view.record.depth_range_m) == (0, None)
    config, _ = scenes.configured(*SMALL, *overrides)
    assert view.camera.intrinsics == scenes.lens_of(config).intrinsics


def test_a_box_without_extent_is_a_point(tmp_path: Path) -> None:
    point = "[0.25, 0.25, 0.75]"
    dataset = scenes.generate(
        models.save("room", tmp_path), tmp_path / "out", 3, *SMALL,
        "camera.location.mode=inside", f"camera.location.inside.box_min={point}",
        f"camera.location.inside.box_max={point}", "camera.location.inside.inc_min=0",
        "camera.location.inside.inc_max=pi", "camera.location.inside.azi_spread=pi",
    )  # fmt: skip
    for view in dataset.views:
        np.testing.assert_allclose(view.camera.center_in_world, (-1.5, -1.5, 1.5), atol=1e-6)
