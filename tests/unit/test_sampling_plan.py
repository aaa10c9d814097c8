"""Plans of all views: what is drawn and recorded, rejected and drawn again, and paired."""

from __future__ import annotations

import itertools
import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.unit import planning
from tests.unit.planning import BOUNDS, TARGET
from viewbatch.config.camera import LocationMode
from viewbatch.errors import UsageError
from viewbatch.geometry import Intrinsics, look_at, rigid, spherical_direction, transform_points
from viewbatch.sampling import Plan, PlannedView, Pose, Surroundings, extensible, input_files
from viewbatch.sampling.placements import placements
from viewbatch.sampling.streams import Stream, stream

TAU = 2 * math.pi
AROUND = ["random", "quasi_random", "uniform", "fibonacci", "orbit", "spiral"]
WITHOUT_FILE = [*AROUND, "inside"]
JITTER = ("jitter.target=0.2", "jitter.roll=0.3")


def text(view: PlannedView) -> str:
    """All of a planned view, every number to its last bit."""
    pose = view.pose
    return json.dumps(
        [pose.location, pose.rotation.tolist(), dict(pose.drawn), dict(view.rejected)]
    )


def texts(plan: Plan, indices: range) -> list[str]:
    return [text(plan(index)) for index in indices]


def angle(a: object, b: object) -> float:
    """Between two vectors, exact for small ones too."""
    return math.atan2(float(np.linalg.norm(np.cross(a, b))), float(np.dot(a, b)))


# ---- Modes around the target


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


# ---- Determinism

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
        "from tests.unit.test_sampling_plan import text\n"
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


# ---- Rejections


def refuse_first(
    count: int, reason: str = "too bad"
) -> tuple[Callable[[int, Pose], str | None], dict[int, list[Pose]]]:
    """A `reject` that refuses the first poses of every view, and remembers all of them."""
    seen: dict[int, list[Pose]] = {}

    def reject(index: int, pose: Pose) -> str | None:
        poses = seen.setdefault(index, [])
        poses.append(pose)
        return reason if len(poses) <= count else None

    return reject, seen


def test_after_two_rejections_the_third_draw_of_the_same_stream_is_taken() -> None:
    config = planning.camera()
    reject, _ = refuse_first(2)
    planned = planning.plan(config, 9, seed=5, reject=reject)(4)
    at = placements(config.location, LocationMode.RANDOM, 5, 9)
    third = list(itertools.islice(at(4), 3))[2]
    assert planned.pose.drawn["azimuth_rad"] == third.azimuth_rad
    assert planned.pose.location == third.pose(TARGET, 2.0)[0]
    assert planned.rejected == {"too bad": 2}


def test_a_rejected_view_changes_no_other() -> None:
    config = planning.camera()
    free = texts(planning.plan(config, 6), range(6))
    plan = planning.plan(config, 6, reject=lambda i, _: None if i != 2 else next(answers))
    answers = iter(["inside geometry", None])
    found = texts(plan, range(6))
    assert [i for i in range(6) if found[i] != free[i]] == [2]


def test_reasons_are_counted_apart() -> None:
    answers = iter(["inside geometry", "too close", "inside geometry", None])
    plan = planning.plan(planning.camera(), 1, reject=lambda *_: next(answers))
    assert plan(0).rejected == {"inside geometry": 2, "too close": 1}


def test_the_pose_that_is_accepted_is_the_one_that_was_shown() -> None:
    reject, seen = refuse_first(3)
    config = planning.camera(*JITTER, mode="fibonacci")
    planned = planning.plan(config, 5, reject=reject)(3)
    assert len(seen[3]) == 4
    assert planned.pose is seen[3][-1]


def test_fixed_poses_are_not_drawn_again() -> None:
    reject, seen = refuse_first(1, "inside geometry")
    with pytest.raises(UsageError) as caught:
        planning.plan(planning.camera(mode="fibonacci"), 5, reject=reject)(2)
    assert str(caught.value) == (
        "camera.location: no pose for view 2 in 1 draw: once inside geometry; "
        "change camera.location.fibonacci, or relax camera.checks"
    )
    assert len(seen[2]) == 1


def test_the_jitter_of_a_fixed_pose_is_drawn_again() -> None:
    reject, seen = refuse_first(5)
    planned = planning.plan(planning.camera(*JITTER, mode="uniform"), 5, reject=reject)(2)
    assert planned.rejected == {"too bad": 5}
    assert len({pose.location for pose in seen[2]}) == 1
    assert len({pose.drawn["roll_rad"] for pose in seen[2]}) == 6
    assert len({tuple(pose.drawn["target_m"]) for pose in seen[2]}) == 6


def test_attempts_have_an_end() -> None:
    answers = itertools.cycle(["inside geometry", "fills 1 % of the frame", "inside geometry"])
    config = planning.camera("checks.attempts=8", mode="inside")
    with pytest.raises(UsageError) as caught:
        planning.plan(config, 9, reject=lambda *_: next(answers))(7)
    assert str(caught.value) == (
        "camera.location: no pose for view 7 in 8 draws: 5 times inside geometry, "
        "3 times fills 1 % of the frame; widen camera.location.inside, or relax camera.checks"
    )


# ---- Smallest angle


@pytest.mark.parametrize("mode", ["random", "quasi_random"])
def test_no_two_views_are_nearer_than_the_smallest_angle(mode: str) -> None:
    limits = [f"location.{mode}.inc_min=0", f'location.{mode}.inc_max="pi"']
    config = planning.camera("location.min_angle_deg=10", *limits, *JITTER, mode=mode)
    plan = planning.plan(config, 200)
    directions = [np.subtract(plan(i).pose.location, TARGET) for i in range(200)]
    for a, b in itertools.combinations(directions, 2):
        assert math.degrees(angle(a, b)) > 10 - 1e-6
    # 200 caps of half the angle fill 38 % of the sphere: some draws fell into others.
    assert sum(plan(i).rejected.get("too near to another view", 0) for i in range(200)) > 20
    assert {reason for i in range(200) for reason in plan(i).rejected} == {
        "too near to another view"
    }


def test_inside_the_angle_is_between_the_directions_in_which_cameras_look() -> None:
    keys = ('location.inside.azi_spread="pi"', "location.inside.inc_min=0")
    config = planning.camera(
        "location.min_angle_deg=15", *keys, 'location.inside.inc_max="pi"', mode="inside"
    )
    plan = planning.plan(config, 80)
    for a, b in itertools.combinations([plan(i).pose.rotation[2] for i in range(80)], 2):
        assert math.degrees(angle(a, b)) > 15 - 1e-6
    locations = [np.subtract(plan(i).pose.location, TARGET) for i in range(80)]
    assert min(angle(a, b) for a, b in itertools.combinations(locations, 2)) < math.radians(15)


def test_only_views_of_lower_index_count() -> None:
    config = planning.camera("location.min_angle_deg=20")
    plan = planning.plan(config, 12)
    free = planning.plan(planning.camera(), 12)
    assert text(plan(0)) == text(free(0))
    for index in range(1, 12):
        nearest = min(
            angle(
                np.subtract(free(index).pose.location, TARGET),
                np.subtract(plan(lower).pose.location, TARGET),
            )
            for lower in range(index)
        )
        kept = text(plan(index)) == text(free(index))
        assert kept == (math.degrees(nearest) >= 20)


def test_steps_of_exactly_the_angle_are_far_enough() -> None:
    keys = ('location.orbit.inclination="pi/2"', "location.min_angle_deg=10")
    plan = planning.plan(planning.camera(*keys, mode="orbit"), 36)
    assert plan(35).rejected == {}
    with pytest.raises(UsageError) as caught:
        planning.plan(planning.camera(*keys, mode="orbit"), 37)(36)
    assert str(caught.value) == (
        "camera.location: no pose for view 1 in 1 draw: once too near to another view; "
        "change camera.location.orbit, or relax camera.location.min_angle_deg"
    )


def test_an_angle_and_checks_that_leave_nothing_are_both_named() -> None:
    config = planning.camera("location.min_angle_deg=170", "checks.attempts=50")
    plan = planning.plan(config, 2, reject=lambda i, _: "inside geometry" if i else None)
    with pytest.raises(UsageError) as caught:
        plan(1)
    assert str(caught.value) == (
        "camera.location: no pose for view 1 in 50 draws: 50 times too near to another view; "
        "widen camera.location.random, or relax camera.location.min_angle_deg"
    )
    config = planning.camera("location.min_angle_deg=60", "checks.attempts=50")
    plan = planning.plan(config, 2, reject=lambda i, _: "inside geometry" if i else None)
    with pytest.raises(UsageError) as caught:
        plan(1)
    message = str(caught.value)
    near = int(message.split(" times too near")[0].split()[-1])
    assert 0 < near < 50
    assert f"{50 - near} times inside geometry" in message
    assert message.endswith(
        "widen camera.location.random, or relax camera.checks and camera.location.min_angle_deg"
    )


def test_thousands_of_views_can_be_asked_for_from_the_last() -> None:
    config = planning.camera("location.min_angle_deg=0.5", 'location.random.inc_max="pi"')
    plan = planning.plan(config, 3000)
    last = text(plan(2999))
    again = planning.plan(config, 3000)
    assert texts(again, range(3000))[-1] == last


# ---- Jitter


def test_the_camera_stays_and_looks_at_the_point_that_was_drawn() -> None:
    plan = planning.plan(planning.camera("jitter.target=0.2"), 50)
    still = planning.plan(planning.camera(), 50)
    for index in range(50):
        pose = plan(index).pose
        assert pose.location == still(index).pose.location
        assert pose.drawn.keys() - still(index).pose.drawn.keys() == {"target_m"}
        forward = np.subtract(pose.drawn["target_m"], pose.location)
        np.testing.assert_allclose(pose.rotation[2], forward / np.linalg.norm(forward), atol=1e-12)
        # World +z is up in the image: nothing of it is across.
        assert pose.rotation[0, 2] == 0


def test_points_are_uniform_in_a_ball_around_the_target() -> None:
    number = 3000
    plan = planning.plan(planning.camera("jitter.target=0.2"), number)
    offsets = np.array(
        [np.subtract(plan(i).pose.drawn["target_m"], TARGET) for i in range(number)]
    ) / (0.2 * BOUNDS.radius)
    distances = np.linalg.norm(offsets, axis=1)
    assert distances.max() <= 1 + 1e-12
    # The cube of the distance is uniform, and so is each coordinate of the direction.
    uniform = np.column_stack([distances**3, (offsets / distances[:, None] + 1) / 2])
    np.testing.assert_allclose(uniform.mean(axis=0), 0.5, atol=5 / math.sqrt(12 * number))
    np.testing.assert_allclose(uniform.var(axis=0), 1 / 12, atol=5 / math.sqrt(180 * number))


def test_a_roll_turns_the_camera_clockwise_about_its_axis() -> None:
    plan = planning.plan(planning.camera("jitter.roll=0.5"), 40)
    still = planning.plan(planning.camera(), 40)
    for index in range(40):
        pose, level = plan(index).pose, still(index).pose
        assert pose.location == level.location
        assert pose.drawn.keys() - level.drawn.keys() == {"roll_rad"}
        roll = pose.drawn["roll_rad"]
        right, down, forward = level.rotation
        np.testing.assert_array_equal(pose.rotation[2], forward)
        # The right side goes down.
        np.testing.assert_allclose(
            pose.rotation[0], math.cos(roll) * right + math.sin(roll) * down, atol=1e-12
        )
        np.testing.assert_allclose(pose.rotation @ pose.rotation.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(pose.rotation) == pytest.approx(1, abs=1e-12)


def test_rolls_are_uniform_either_way() -> None:
    number = 3000
    plan = planning.plan(planning.camera("jitter.roll=0.5"), number)
    shares = np.array([plan(i).pose.drawn["roll_rad"] + 0.5 for i in range(number)])
    assert 0 <= shares.min() < shares.max() <= 1
    assert shares.mean() == pytest.approx(0.5, abs=5 / math.sqrt(12 * number))
    assert shares.var() == pytest.approx(1 / 12, abs=5 / math.sqrt(180 * number))


def test_the_roll_does_not_depend_on_whether_the_aim_is_drawn() -> None:
    alone = planning.plan(planning.camera("jitter.roll=0.3"), 5)
    both = planning.plan(planning.camera(*JITTER), 5)
    for index in range(5):
        assert alone(index).pose.drawn["roll_rad"] == both(index).pose.drawn["roll_rad"]


def test_inside_there_is_nothing_to_look_beside() -> None:
    with pytest.raises(UsageError) as caught:
        planning.plan(planning.camera("jitter.target=0.25", mode="inside"), 4)
    assert str(caught.value) == (
        'camera.jitter.target is 0.25, but with camera.location.mode "inside" cameras look at no '
        "target; set it to 0"
    )


# ---- Inside

INSIDE = (
    "location.inside.box_min=[0.1, 0.5, 0.0]",
    "location.inside.box_max=[0.3, 1.0, 0.5]",
    "location.inside.inc_min=1.0",
    "location.inside.inc_max=2.5",
    "location.inside.azi_spread=0.75",
)


def test_places_and_directions_inside_are_uniform_and_do_not_depend_on_each_other() -> None:
    number = 4000
    plan = planning.plan(planning.camera(*INSIDE, mode="inside"), number)
    poses = [plan(index).pose for index in range(number)]
    shares = (np.array([p.location for p in poses]) - BOUNDS.minimum) / BOUNDS.size
    low, high = np.array([0.1, 0.5, 0.0]), np.array([0.3, 1.0, 0.5])
    azimuths = []
    for pose in poses:
        x, y = pose.location[0] - 2.0, pose.location[1] - 3.0
        turn = pose.drawn["azimuth_rad"] - math.atan2(y, x)
        azimuths.append((turn + math.pi) % TAU - math.pi)
    cosines = [math.cos(pose.drawn["inclination_rad"]) for pose in poses]
    uniform = np.column_stack(
        [
            (shares - low) / (high - low),
            (np.array(cosines) - math.cos(1.0)) / (math.cos(2.5) - math.cos(1.0)),
            (np.array(azimuths) + 0.75) / 1.5,
        ]
    )
    assert uniform.min() > -1e-9
    assert uniform.max() < 1 + 1e-9
    np.testing.assert_allclose(uniform.mean(axis=0), 0.5, atol=5 / math.sqrt(12 * number))
    np.testing.assert_allclose(uniform.var(axis=0), 1 / 12, atol=5 / math.sqrt(180 * number))
    correlations = np.corrcoef(uniform.T)[np.triu_indices(5, 1)]
    np.testing.assert_allclose(correlations, 0, atol=5 / math.sqrt(number))


def test_a_camera_inside_looks_where_its_angles_say_with_z_up() -> None:
    plan = planning.plan(planning.camera(*INSIDE, mode="inside"), 20)
    for index in range(20):
        pose = plan(index).pose
        inclination, azimuth = pose.drawn["inclination_rad"], pose.drawn["azimuth_rad"]
        forward = spherical_direction(inclination, azimuth)
        np.testing.assert_allclose(pose.rotation[2], forward, atol=1e-12)
        assert pose.rotation[0, 2] == 0
        assert pose.rotation[1, 2] < 0
        assert np.linalg.det(pose.rotation) == pytest.approx(1, abs=1e-12)
        assert pose.drawn == {
            "location_m": list(pose.location),
            "inclination_rad": inclination,
            "azimuth_rad": azimuth,
        }
        assert 0 <= azimuth < TAU


def test_above_the_centre_cameras_look_all_around() -> None:
    number = 2000
    point = (
        "location.inside.box_min=[0.5, 0.5, 0.2]", "location.inside.box_max=[0.5, 0.5, 0.9]",
        "location.inside.azi_spread=0.1",
    )  # fmt: skip
    plan = planning.plan(planning.camera(*point, mode="inside"), number)
    shares = np.array([plan(i).pose.drawn["azimuth_rad"] / TAU for i in range(number)])
    assert plan(0).pose.location[:2] == (2.0, 3.0)
    assert shares.mean() == pytest.approx(0.5, abs=5 / math.sqrt(12 * number))
    assert shares.var() == pytest.approx(1 / 12, abs=5 / math.sqrt(180 * number))


def test_looking_straight_down_the_azimuth_says_which_way_the_image_is_turned() -> None:
    """As the limit of tilting the camera there: what is ahead is up in the image."""
    down = ('location.inside.inc_min="pi"', 'location.inside.inc_max="pi"')
    pose = planning.plan(planning.camera(*down, mode="inside"), 1)(0).pose
    azimuth = pose.drawn["azimuth_rad"]
    np.testing.assert_allclose(pose.rotation[2], [0, 0, -1], atol=1e-12)
    ahead = [math.cos(azimuth), math.sin(azimuth), 0]
    np.testing.assert_allclose(-pose.rotation[1], ahead, atol=1e-12)


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


# ---- Stereo

STEREO = ("stereo.use=true", "stereo.baseline=0.15")


@pytest.mark.parametrize("mode", WITHOUT_FILE)
def test_pairs_stand_on_either_side_of_a_pose(mode: str) -> None:
    plan = planning.plan(planning.camera(*STEREO, mode=mode), 12)
    single = planning.plan(planning.camera(mode=mode), 6)
    for k in range(6):
        pose = single(k).pose
        left, right = plan(2 * k).pose, plan(2 * k + 1).pose
        np.testing.assert_array_equal(left.rotation, pose.rotation)
        np.testing.assert_array_equal(right.rotation, pose.rotation)
        # 0.15 units of 2 m.
        baseline = np.subtract(right.location, left.location)
        np.testing.assert_allclose(baseline, 0.3 * pose.rotation[0], atol=1e-12)
        middle = np.add(right.location, left.location) / 2
        np.testing.assert_allclose(middle, pose.location, atol=1e-12)
        stereo = {"pair": k, "baseline_m": pytest.approx(0.3)}
        assert left.drawn == {
            **pose.drawn, "stereo": {**stereo, "side": "left", "other": 2 * k + 1}
        }  # fmt: skip
        assert right.drawn == {
            **pose.drawn, "stereo": {**stereo, "side": "right", "other": 2 * k}
        }  # fmt: skip


def test_pairs_are_rectified() -> None:
    """A point has the same v in both, and a disparity of fx * baseline / depth."""
    plan = planning.plan(planning.camera(*STEREO, "jitter.roll=1.0"), 8)
    lens = Intrinsics(width=97, height=61, fx=80.0, fy=90.0, cx=40.0, cy=35.0)
    points = np.array(TARGET) + np.random.default_rng(0).uniform(-0.5, 0.5, (20, 3))
    for k in range(4):
        seen = []
        for index in (2 * k, 2 * k + 1):
            pose = plan(index).pose
            cam_from_world = rigid(pose.rotation, -pose.rotation @ np.array(pose.location))
            in_cam = transform_points(cam_from_world, points)
            seen.append((lens.project(in_cam), in_cam[:, 2]))
        (left, depth), (right, depth_again) = seen
        np.testing.assert_allclose(depth, depth_again, atol=1e-9)
        np.testing.assert_allclose(left[:, 1], right[:, 1], atol=1e-9)
        np.testing.assert_allclose(left[:, 0] - right[:, 0], 80 * 0.3 / depth, atol=1e-9)


def test_a_pair_of_which_one_is_rejected_is_drawn_again() -> None:
    asked = []

    def reject(index: int, _: Pose) -> str | None:
        asked.append(index)
        return "inside geometry" if asked == [6, 7] else None

    plan = planning.plan(planning.camera(*STEREO), 8, reject=reject)
    left, right = plan(6), plan(7)
    assert asked == [6, 7, 6, 7]
    assert left.rejected == right.rejected == {"inside geometry": 1}
    assert left.pose.drawn["azimuth_rad"] == right.pose.drawn["azimuth_rad"]


def test_the_smallest_angle_is_between_pairs() -> None:
    plan = planning.plan(planning.camera(*STEREO, "location.min_angle_deg=20"), 12)
    middles = [
        np.add(plan(2 * k).pose.location, plan(2 * k + 1).pose.location) / 2 - TARGET
        for k in range(6)
    ]
    for a, b in itertools.combinations(middles, 2):
        assert math.degrees(angle(a, b)) > 20 - 1e-6
    assert angle(*(np.subtract(plan(i).pose.location, TARGET) for i in (0, 1))) < math.radians(20)


def test_an_odd_number_makes_no_pairs() -> None:
    with pytest.raises(UsageError) as caught:
        planning.plan(planning.camera(*STEREO), 5)
    assert str(caught.value) == (
        "camera.stereo makes two views of every pose, and 5 is odd; ask for an even number of views"
    )


def test_modes_that_spread_a_known_number_spread_the_poses_of_pairs() -> None:
    plan = planning.plan(planning.camera(*STEREO, mode="orbit"), 8)
    azimuths = [plan(i).pose.drawn["azimuth_rad"] for i in range(8)]
    assert azimuths == pytest.approx([TAU * (i // 2) / 4 for i in range(8)], abs=1e-12)


def test_more_pairs_than_poles_are_refused_at_once() -> None:
    rings = ("inc_start=0.0", 'inc_stop="pi"', 'inc_step="pi"')
    config = planning.camera(*STEREO, *(f"location.uniform.{r}" for r in rings), mode="uniform")
    with pytest.raises(UsageError) as caught:
        Plan(config, 0, 6, planning.around())
    assert str(caught.value) == (
        "camera.location.uniform has only poles, which hold 2 of the 3 poses; choose an "
        "inc_start or inc_stop between 0 and pi"
    )


def test_a_plan_needs_to_know_only_what_it_is_given() -> None:
    """A mode around a target asks for the unit of its own pose alone."""
    asked = []

    def unit_m(index: int) -> float:
        asked.append(index)
        return 1.0

    around = Surroundings(target=TARGET, bounds=BOUNDS, unit_m=unit_m, frame_px=(4, 4))
    Plan(planning.camera(), 0, 10, around)(7)
    assert set(asked) == {7}
