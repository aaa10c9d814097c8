"""Whether a conversion has the files that it was made with, and no others."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from compat.shared.job import Conversion
from compat.shared.report import Report


def check_files(
    report: Report, conversion: Conversion, others: Iterable[str], *, alone: Iterable[str] = ()
) -> bool:
    """Compare what lies in a conversion's folder with its record; whether it is the same.

    There must be the images of the record, and `others`. Readers list folders, so nothing else
    may lie in any folder that has one of them, or is named in `alone`. The conversion's own
    folder is the user's too.
    """
    if not conversion.names:
        report.fact("files", "no view in conversion.json", good=False)
        return False
    wanted = {*conversion.names, *others}
    folders = {*alone, *(str(PurePosixPath(name).parent) for name in wanted)} - {"."}
    found = {
        path.relative_to(conversion.folder).as_posix()
        for folder in folders
        for path in (conversion.folder / folder).rglob("*")
        # File managers leave hidden files, at which no reader looks.
        if path.is_file() and not path.name.startswith(".")
    }
    found |= {name for name in wanted if (conversion.folder / name).is_file()}
    missing, surplus = sorted(wanted - found), sorted(found - wanted)
    text = f"{len(wanted & found)} of {len(wanted)}"
    if missing:
        text += f", without {missing[0]}"
    if surplus:
        text += f", and {surplus[0]}, which is not of this conversion"
    report.fact("files", text, good=not missing and not surplus)
    return not missing and not surplus
