"""The dataset on disk: names, records, writer, reader. The only owner of file names."""

from viewbatch.dataset.reader import Dataset, View
from viewbatch.dataset.records import (
    CameraRecord,
    DatasetRecord,
    FileRecord,
    ModelRecord,
    ObjectRecord,
    ViewRecord,
)

__all__ = [
    "CameraRecord",
    "Dataset",
    "DatasetRecord",
    "FileRecord",
    "ModelRecord",
    "ObjectRecord",
    "View",
    "ViewRecord",
]
