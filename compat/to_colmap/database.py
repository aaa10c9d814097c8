"""`database.db` with cameras and images, for feature extraction and matching.

Poses are no part of it: they stand in `sparse/0`, whose ids are these.

pycolmap writes the tables of its own version, and COLMAP 3.8 and 3.10, which Debian and
Ubuntu have, fail on them. These two tables, with the columns of COLMAP up to 3.9, are what
every version reads; it adds the other tables when it first opens the file.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np

from compat.to_colmap.model import Images

PINHOLE = 1
"""COLMAP's number of the camera model."""

_TABLES = """
CREATE TABLE cameras (
    camera_id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    model INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    params BLOB,
    prior_focal_length INTEGER NOT NULL);
CREATE TABLE images (
    image_id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    camera_id INTEGER NOT NULL,
    prior_qw REAL, prior_qx REAL, prior_qy REAL, prior_qz REAL,
    prior_tx REAL, prior_ty REAL, prior_tz REAL,
    CONSTRAINT image_id_check CHECK(image_id >= 0 and image_id < 2147483647),
    FOREIGN KEY(camera_id) REFERENCES cameras(camera_id));
"""


def write_database(path: Path, images: Images) -> None:
    """Write a new database."""
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(_TABLES)
        database.executemany(
            # Its focal length is known, so that no step guesses it.
            "INSERT INTO cameras VALUES (?, ?, ?, ?, ?, 1)",
            [
                (number, PINHOLE, k.width, k.height, _blob([k.fx, k.fy, k.cx, k.cy]))
                for k, number in images.camera_ids.items()
            ],
        )
        database.executemany(
            "INSERT INTO images (image_id, name, camera_id) VALUES (?, ?, ?)",
            [(number, name, images.camera_id(view)) for number, name, view in images],
        )


def _blob(params: list[float]) -> bytes:
    return np.array(params, dtype="<f8").tobytes()
