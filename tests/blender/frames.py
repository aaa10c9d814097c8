"""What must hold of the maps of one view, whatever they show."""

from __future__ import annotations

import numpy as np

from tests.blender.raycast import Array
from viewbatch.geometry import Camera
from viewbatch.passes import Frame, Pass


def assert_consistent(camera: Camera, frame: Frame, size: float) -> None:
    """What holds for the maps of every view of a scene of this size, in every pixel."""
    depth, normal, position = frame[Pass.DEPTH], frame[Pass.NORMAL], frame[Pass.POSITION]
    seen = depth > 0
    assert 0.02 < seen.mean() < 1
    assert (depth[~seen] == 0).all()
    np.testing.assert_array_equal(normal.any(axis=-1), seen)
    np.testing.assert_array_equal(position.any(axis=-1), seen)
    assert (frame[Pass.OBJECT_ID][~seen] == 0).all()
    assert (frame[Pass.MATERIAL_ID][frame[Pass.OBJECT_ID] == 0] == 0).all()
    assert not frame[Pass.UV][~seen].any()
    assert np.abs(camera.unproject(depth) - position)[seen].max() < 1e-5 * size
    assert np.abs(np.linalg.norm(normal[seen], axis=1) - 1).max() < 1e-6


def facing(camera: Camera, frame: Frame) -> Array:
    """(n,) cosines between the normals of surfaces and the directions to the camera."""
    seen = frame[Pass.DEPTH] > 0
    to_camera = camera.center_in_world - frame[Pass.POSITION][seen]
    to_camera /= np.linalg.norm(to_camera, axis=1, keepdims=True)
    return np.asarray((frame[Pass.NORMAL][seen] * to_camera).sum(axis=1), dtype=np.float64)
