"""What is drawn or planned for each view: cameras, lenses, lamps, seeds. Nothing of Blender."""

from viewbatch.sampling.lens import draw_focal_length
from viewbatch.sampling.lights import LampDraw, draw_lamps, draw_rotation
from viewbatch.sampling.plan import Plan, PlannedView, Reject, extensible
from viewbatch.sampling.pose_files import input_files
from viewbatch.sampling.poses import Pose, Surroundings
from viewbatch.sampling.streams import cycles_seed, pilot_cycles_seeds, second_cycles_seed

__all__ = [
    "LampDraw",
    "Plan",
    "PlannedView",
    "Pose",
    "Reject",
    "Surroundings",
    "cycles_seed",
    "draw_focal_length",
    "draw_lamps",
    "draw_rotation",
    "extensible",
    "input_files",
    "pilot_cycles_seeds",
    "second_cycles_seed",
]
