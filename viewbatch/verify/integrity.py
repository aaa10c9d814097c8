"""Are the files there that should be, as they were written?"""

from __future__ import annotations

from collections.abc import Iterator

from viewbatch.dataset import Dataset, View, layout
from viewbatch.dataset.reader import hash_file
from viewbatch.verify.findings import Finding, listed


def check_files(dataset: Dataset) -> Iterator[Finding]:
    """Missing views, files that differ from what was written, and files of no view."""
    if not dataset.views:
        yield Finding(check="integrity", sentence=f"{dataset.folder} has no view")
    elif dataset.missing:
        missing = dataset.missing
        yield Finding(
            check="integrity",
            sentence=f"{listed(missing)} of {dataset.record.number_of_views} planned "
            f"{'does' if len(missing) == 1 else 'do'} not exist; the command that made the dataset "
            "makes them",
            views=missing,
        )
    damaged = [(view, damage) for view in dataset.views if (damage := view.damage()) is not None]
    yield from _swapped_or_damaged(dataset, damaged)
    surplus = _surplus(dataset)
    if surplus:
        names = ", ".join(surplus[:4]) + (" and others" if len(surplus) > 4 else "")
        yield Finding(
            check="integrity",
            sentence=f"{names} {'belongs' if len(surplus) == 1 else 'belong'} to no view; an "
            "interrupted run leaves such files, and the command that made the dataset clears up",
            wrong=False,
        )


def _swapped_or_damaged(dataset: Dataset, damaged: list[tuple[View, str]]) -> Iterator[Finding]:
    """Damage; by their hashes, files of other views are told from files that changed."""
    owner = {
        file.sha256: (view.index, kind)
        for view in dataset.views
        for kind, file in view.record.files.items()
    }
    for view, damage in damaged:
        foreign = set()
        for file in view.record.files.values():
            path = dataset.folder / file.name
            if path.is_file():
                foreign.add(owner.get(hash_file(path), (view.index, ""))[0])
        foreign.discard(view.index)
        sentence = damage
        if foreign:
            sentence = (
                f"view {view.index} has the files of {listed(sorted(foreign))}: they were swapped "
                f"({damage})"
            )
        yield Finding(check="integrity", sentence=sentence, views=[view.index])


def _surplus(dataset: Dataset) -> list[str]:
    known = {file.name for view in dataset.views for file in view.record.files.values()}
    known |= {layout.view_record(view.index) for view in dataset.views}
    names = sorted(path.name for path in dataset.folder.iterdir() if path.is_file())
    return [
        name
        for name in names
        if name not in known
        and (layout.is_temporary(name) or layout.is_view_file(name, dataset.record.number_of_views))
    ]
