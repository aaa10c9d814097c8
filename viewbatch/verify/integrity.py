"""Are the files there that should be, as they were written?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from viewbatch.dataset import Dataset, View, layout
from viewbatch.dataset.reader import hash_file
from viewbatch.dataset.writer import is_left
from viewbatch.errors import DatasetError
from viewbatch.verify.findings import Finding, listed


def read_views(dataset: Dataset) -> tuple[list[View], list[Finding]]:
    """The views whose records can be read, and what is wrong with the others."""
    views, findings = [], []
    for index in dataset.indices:
        try:
            views.append(dataset.view(index))
        except DatasetError as error:
            findings.append(Finding(check="integrity", sentence=str(error), views=[index]))
    return views, findings


def check_files(dataset: Dataset, views: Sequence[View]) -> Iterator[Finding]:
    """Missing views, files of these views that differ from what was written, and of no view."""
    indices = dataset.indices
    missing = sorted(set(range(dataset.record.number_of_views)) - set(indices))
    if not indices:
        yield Finding(check="integrity", sentence=f"{dataset.folder} has no view")
    elif missing:
        yield Finding(
            check="integrity",
            sentence=f"{listed(missing)} of {dataset.record.number_of_views} planned "
            f"{'does' if len(missing) == 1 else 'do'} not exist; the command that made the dataset "
            "makes them",
            views=missing,
        )
    damaged = [(view, damage) for view in views if (damage := view.damage()) is not None]
    yield from _swapped_or_damaged(dataset, views, damaged)
    surplus = _surplus(dataset, views)
    if surplus:
        names = ", ".join(surplus[:4]) + (" and others" if len(surplus) > 4 else "")
        yield Finding(
            check="integrity",
            sentence=f"{names} {'belongs' if len(surplus) == 1 else 'belong'} to no view; an "
            "interrupted run leaves such files, and the command that made the dataset clears up",
            wrong=False,
        )


def _swapped_or_damaged(
    dataset: Dataset, views: Sequence[View], damaged: Sequence[tuple[View, str]]
) -> Iterator[Finding]:
    """Damage; by their hashes, files of other views are told from files that changed."""
    owner = {
        file.sha256: (view.index, kind)
        for view in views
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


def _surplus(dataset: Dataset, views: Sequence[View]) -> list[str]:
    known = {file.name for view in views for file in view.record.files.values()}
    # A record that cannot be read does not tell which files are its own.
    unread = set(dataset.indices) - {view.index for view in views}
    paths = [path for path in dataset.folder.iterdir() if path.is_file()]
    names = [
        path.name
        for path in paths
        if path.name not in known
        and layout.index_of_record(path.name) is None
        and not any(path.name.startswith(f"{index:03d}_") for index in unread)
        # Not what another process is writing just now.
        and (is_left(path) or layout.is_view_file(path.name, dataset.record.number_of_views))
    ]
    return sorted(names)
