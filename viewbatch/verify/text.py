"""A certificate as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from viewbatch.verify.certificate import Certificate, Consistency, Quantiles, ViewFigures
from viewbatch.verify.cross_view import CONFLICT_LIMIT
from viewbatch.verify.findings import listed

MOST_VIEWS = 24
"""More are not listed one by one, but only those that agree least."""

WORST_VIEWS = 8


def lines(certificate: Certificate) -> Iterator[str]:
    """Figures, then findings, then the verdict."""
    views = certificate.views
    yield f"{certificate.dataset}: {len(views)} of {certificate.number_of_views} views checked"
    total = certificate.consistency
    if total is None:
        yield "cross-view consistency   not told by fewer than two views"
    else:
        yield from _consistency(total)
        yield from _coverage(certificate)
        yield from _table(views)
    if certificate.noise_db:
        worst = min(certificate.noise_db.values())
        yield (
            f"noise of the images      PSNR of {worst:.1f} dB or more in "
            f"{listed(list(certificate.noise_db))}"
        )
    for finding in certificate.findings:
        yield f"{'WRONG' if finding.wrong else 'note '}  {finding.sentence}"
    wrong = sum(finding.wrong for finding in certificate.findings)
    if not wrong:
        yield f"{certificate.dataset} is consistent: nothing is wrong"
    else:
        yield f"{certificate.dataset} cannot be trusted: {wrong} {_things(wrong)} wrong"


def _consistency(total: Consistency) -> Iterator[str]:
    compared = total.sightings + total.conflicts
    share = total.conflicts / compared if compared else 0.0
    yield (
        f"cross-view consistency   {total.sightings} sightings of a surface point by another "
        f"view, {total.conflicts} contradicted ({share:.4%}, limit {CONFLICT_LIMIT:.1%})"
    )
    for name, found, unit in (
        ("error in pixels", total.error_px, "px"),
        ("error in the scene", total.error_of_radius, "of its radius"),
    ):
        if found is not None:
            yield (
                f"  {name:22} median {found.median:.2g}, 95 % {found.p95:.2g}, largest "
                f"{found.maximum:.2g} {unit}"
            )


def _coverage(certificate: Certificate) -> Iterator[str]:
    seen_by = certificate.seen_by
    samples = sum(seen_by)
    if samples:
        once = seen_by[0] / samples
        thrice = sum(seen_by[2:]) / samples
        mean = sum(count * share for count, share in enumerate(seen_by, start=1)) / samples
        yield (
            f"coverage                 a surface point is seen by {mean:.1f} views; "
            f"{thrice:.1%} by three or more, {once:.1%} by one alone"
        )


def _table(views: Sequence[ViewFigures]) -> Iterator[str]:
    shown = views
    if len(views) > MOST_VIEWS:
        worst = sorted(views, key=_badness, reverse=True)[:WORST_VIEWS]
        shown = sorted(worst, key=lambda view: view.index)
        yield f"of {len(views)} views, the {WORST_VIEWS} that agree least:"
    yield "  view  sightings  contradicted  median px    95 % px  covered  cut off"
    for view in shown:
        found = view.consistency
        if found is not None:
            yield (
                f"  {view.index:4}  {found.sightings:9}  {found.conflicts:12}  "
                f"{_quantile(found.error_px, 'median'):>9}  {_quantile(found.error_px, 'p95'):>9}"
                f"  {view.coverage:7.1%}  {view.health.cut_off:7.1%}"
            )


def _badness(view: ViewFigures) -> tuple[int, float]:
    found = view.consistency
    if found is None or found.error_px is None:
        return (0, 0.0)
    return (found.conflicts, found.error_px.p95)


def _quantile(found: Quantiles | None, name: str) -> str:
    return "-" if found is None else f"{getattr(found, name):.2g}"


def _things(count: int) -> str:
    return "thing is" if count == 1 else "things are"
