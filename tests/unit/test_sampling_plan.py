"""Plans of all views: the same whatever is asked for first, in every mode around a target."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.unit import planning
from tests.unit.planning import AROUND, BOUNDS, INSIDE, JITTER, TARGET, WITHOUT_FILE, text, texts
from viewbatch.config.camera import LocationMode
from viewbatch.errors import UsageError
from viewbatch.geometry import look_at
from viewbatch.sampling import Plan, Surroundings, extensible, input_files
from viewbatch.sampling.placements import placements
from viewbatch.sampling.streams import Stream, stream


@pytest.mark.parametrize("mode", AROUND)
def test_poses_are_those_of_the_first_placements_to_the_last_bit(mode: str) -> None:
    config = planning.camera(mode=mode)
    plan = planning.plan(config, 6, seed=3)
    at = placements(config.location, LocationMode(mode), 3, 6)
    for index in range(6):
        placement, planned = next(at(index)), plan(index)
        location, rotation = placement.pose(TARGET, 2.0)
        assert planned.pose.location == location
        assert planned.pose.rotation.tobytes() == rotation.tobytes()
        assert (
            planned.pose.rotation.tobytes()
            == look_at(location, TARGET, placement.azimuth_rad).tobytes()
        )
        assert planned.pose.drawn == {
            "radius_m": placement.radius * 2.0,
            "inclination_rad": placement.inclination_rad,
            "azimuth_rad": placement.azimuth_rad,
        }
        assert (planned.pose.intrinsics, planned.rejected) == (None, {})


@pytest.mark.parametrize("mode", ["random", "quasi_random", "uniform", "fibonacci"])
def test_cameras_stand_on_the_whole_sphere_where_inclinations_allow_it(mode: str) -> None:
    keys = ("inc_start", "inc_stop") if mode == "uniform" else ("inc_min", "inc_max")
    limits = [f"location.{mode}.{keys[0]}=0", f'location.{mode}.{keys[1]}="pi"']
    plan = planning.plan(planning.camera(*limits, mode=mode), 400)
    heights = np.array([plan(i).pose.location[2] - TARGET[2] for i in range(400)])
    shares = heights / [math.dist(plan(i).pose.location, TARGET) for i in range(400)]
    # Uniform by area on a sphere is uniform in height; rings are shared out by their length.
    assert abs(float(shares.mean())) < 5 / math.sqrt(3 * 400)
    assert float((shares < -0.4).mean()) == pytest.approx(0.3, abs=0.1)
    assert float((shares > 0.4).mean()) == pytest.approx(0.3, abs=0.1)


def test_the_unit_of_the_radius_is_that_of_the_view() -> None:
    """A focal length that is drawn for each view makes the fitting distance differ."""
    config = planning.camera("location.random.r_min=1", "location.random.r_max=1")
    plan = Plan(config, 0, 5, planning.around(lambda index: 1.0 + index))
    for index in range(5):
        assert math.dist(plan(index).pose.location, TARGET) == pytest.approx(1 + index)
        assert plan(index).pose.drawn["radius_m"] == 1.0 + index


def test_a_camera_on_its_target_is_refused() -> None:
    config = planning.camera("location.orbit.radius=1e-20", mode="orbit")
    with pytest.raises(UsageError) as caught:
        planning.plan(config, 3)(1)
    assert str(caught.value) == (
        "camera.location places view 1 at a distance of 2e-20 m from its target, where the "
        "camera stands on the point that it looks at; choose a larger radius"
    )


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("random", True), ("quasi_random", True), ("inside", True), ("file", True),
        ("uniform", False), ("fibonacci", False), ("orbit", False), ("spiral", False),
    ],
)  # fmt: skip
def test_which_modes_let_a_dataset_grow(mode: str, expected: bool) -> None:
    assert extensible(LocationMode(mode)) is expected


def test_a_mode_other_than_file_reads_none() -> None:
    assert input_files(planning.camera("location.file.path=there.json")) == []


SEARCHING = ("location.min_angle_deg=12", 'location.random.inc_max="pi"')


@pytest.mark.parametrize("mode", WITHOUT_FILE)
@pytest.mark.parametrize("extra", [(), JITTER, ("stereo.use=true",)])
def test_views_do_not_depend_on_the_order_in_which_they_are_asked_for(
    mode: str, extra: tuple[str, ...]
) -> None:
    extra = tuple(key for key in extra if not (mode == "inside" and "target" in key))
    config = planning.camera(*extra, mode=mode)
    forward = texts(planning.plan(config, 12, seed=7), range(12))
    backward = planning.plan(config, 12, seed=7)
    assert [text(backward(i)) for i in reversed(range(12))] == forward[::-1]
    assert text(planning.plan(config, 12, seed=7)(7)) == forward[7]


@pytest.mark.parametrize("extra", [(), JITTER, ("stereo.use=true",), SEARCHING])
@pytest.mark.parametrize("mode", ["random", "quasi_random", "inside"])
def test_views_do_not_depend_on_how_many_there_are(mode: str, extra: tuple[str, ...]) -> None:
    extra = tuple(key for key in extra if not (mode == "inside" and "target" in key))
    config = planning.camera(*extra, mode=mode)
    ten = texts(planning.plan(config, 10), range(10))
    assert texts(planning.plan(config, 40), range(10)) == ten


def test_another_seed_gives_other_views() -> None:
    config = planning.camera(*JITTER)
    one, other = (planning.plan(config, 4, seed=seed)(2).pose for seed in (0, 1))
    assert one.location != other.location
    assert one.drawn["roll_rad"] != other.drawn["roll_rad"]


def test_another_process_plans_the_same(repository: Path) -> None:
    overrides = [*SEARCHING, *JITTER, "stereo.use=true"]
    code = (
        "from tests.unit import planning\n"
        "from tests.unit.planning import text\n"
        f"plan = planning.plan(planning.camera(*{overrides!r}), 20, seed=5)\n"
        "print(text(plan(13)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=False
    )
    plan = planning.plan(planning.camera(*overrides), 20, seed=5)
    assert (done.stderr, done.stdout) == ("", text(plan(13)) + "\n")


def test_a_view_is_planned_once() -> None:
    asked = []
    plan = planning.plan(planning.camera(), 3, reject=lambda i, _: asked.append(i))
    assert plan(1) is plan(1)
    assert asked == [1]


def test_known_values_of_seed_0_never_change() -> None:
    """Datasets in the world were made with these; a change here breaks their continuation."""
    inside = planning.plan(planning.camera(*INSIDE, mode="inside"), 3)(2).pose
    shares = stream(0, Stream.POSE, 2).random(3)
    expected = np.array([0.1, 0.5, 0]) + np.array([0.2, 0.5, 0.5]) * shares
    np.testing.assert_allclose(inside.location, BOUNDS.minimum + expected * BOUNDS.size, atol=1e-12)
    jittered = planning.plan(planning.camera(*JITTER), 3)(2).pose
    _, _, distance, roll = stream(0, Stream.JITTER, 2).random(4)
    assert jittered.drawn["roll_rad"] == pytest.approx(0.3 * (2 * roll - 1), abs=1e-12)
    aim = math.dist(jittered.drawn["target_m"], TARGET)
    assert aim == pytest.approx(0.2 * 3.5 * distance ** (1 / 3), abs=1e-12)


def test_a_plan_needs_to_know_only_what_it_is_given() -> None:
    """A mode around a target asks for the unit of its own pose alone."""
    asked = []

    def unit_m(index: int) -> float:
        asked.append(index)
        return 1.0

    around = Surroundings(target=TARGET, bounds=BOUNDS, unit_m=unit_m, frame_px=(4, 4))
    Plan(planning.camera(), 0, 10, around)(7)
    assert set(asked) == {7}
