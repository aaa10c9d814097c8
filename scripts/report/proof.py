"""What the certificate says, in words and figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scripts.report.content import Content
from scripts.report.markup import Element, element
from scripts.report.words import plural
from viewbatch.verify import Certificate, Finding
from viewbatch.verify.certificate import Consistency, Quantiles, ViewFigures

MOST_FINDINGS = 12
"""More are there, but folded away."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One figure for the top of the page."""

    name: str
    value: str
    meaning: str


def facts(certificate: Certificate) -> Iterator[Fact]:
    """The two figures of the certificate that one wants to know first."""
    total = sum(certificate.seen_by)
    if total:
        yield Fact(
            name="Seen by 3 views or more",
            value=f"{sum(certificate.seen_by[2:]) / total:.0%}",
            meaning="of the surface points",
        )
    found = certificate.consistency
    if found is not None and found.error_px is not None:
        yield Fact(
            name="Cross-view error",
            value=f"{found.error_px.p95:.2g} px",
            meaning="at most, for 95% of what two views see",
        )


def verdict(certificate: Certificate | str) -> list[Element]:
    """The verdict in one line that leads to the details."""
    if isinstance(certificate, str):
        return [_badge("unknown", "?", "Not certified")]
    wrong = sum(finding.wrong for finding in certificate.findings)
    notes = len(certificate.findings) - wrong
    if wrong:
        found = f"Cannot be trusted: {plural(wrong, 'thing')} wrong"
        return [_badge("bad", "\u2715", found)]
    worth = f", {plural(notes, 'note')}" if notes else ""
    return [_badge("good", "\u2713", f"Consistent: nothing is wrong{worth}")]


def details(content: Content) -> Iterator[Element]:
    """Findings, figures, and a table of all views."""
    certificate = content.certificate
    if isinstance(certificate, str):
        yield element("p", f"There is no certificate: {certificate}.")
        return
    yield element(
        "p",
        "The certificate proves a dataset from its own files. Surface points are unprojected by "
        "the depth of one view, projected into the others and compared with their depth; maps "
        "of a view are compared with each other, and files with their hashes.",
    )
    wrong = sum(finding.wrong for finding in certificate.findings)
    yield element(
        "p", element("b", f"{plural(wrong, 'thing')} wrong." if wrong else "Nothing is wrong.")
    )
    if certificate.findings:
        order = sorted(certificate.findings, key=lambda finding: not finding.wrong)
        yield element("ul", *map(_finding, order[:MOST_FINDINGS]), class_="findings")
        more = order[MOST_FINDINGS:]
        if more:
            yield element(
                "details",
                element("summary", f"{len(more):,} more"),
                element("ul", *map(_finding, more), class_="findings"),
            )
    if certificate.consistency is not None:
        yield from _figures(certificate, certificate.consistency)
    yield element(
        "details",
        element("summary", "Figures of every view"),
        element("div", _table(certificate), class_="wide", tabindex="0", role="region",
                aria_label="Figures of every view"),
    )  # fmt: skip


def _badge(state: str, sign: str, text: str) -> Element:
    return element(
        "a",
        element("span", sign, class_="sign", aria_hidden="true"),
        text,
        class_=f"badge {state}",
        href="#certificate",
    )


def _finding(finding: Finding) -> Element:
    word = "Wrong" if finding.wrong else "Note"
    return element(
        "li",
        element("b", word, class_="word"),
        element("span", finding.sentence[:1].upper() + finding.sentence[1:] + "."),
        class_="bad" if finding.wrong else "note",
    )


def _figures(certificate: Certificate, found: Consistency) -> Iterator[Element]:
    compared = found.sightings + found.conflicts
    rows = [
        ("Sightings of a surface point by another view", f"{found.sightings:,}"),
        (
            "Contradicted: the other view sees past it",
            f"{found.conflicts:,} ({found.conflicts / max(1, compared):.4%})",
        ),
    ]
    if found.error_px is not None:
        rows.append(("Error in pixels: median, 95%, largest", _three(found.error_px)))
    if found.error_of_radius is not None:
        rows.append((
            "Error in units of the scene's radius: median, 95%, largest",
            _three(found.error_of_radius),
        ))  # fmt: skip
    if certificate.noise_db:
        noise = f"{min(certificate.noise_db.values()):.1f} dB or more"
        rows.append(("Noise of the colour images (PSNR)", noise))
    groups = len(certificate.groups)
    rows.append((
        "Overlap",
        "all views are connected"
        if groups == 1
        else f"{groups} groups of views that see nothing of each other",
    ))  # fmt: skip
    body = [
        element("tr", element("th", name, scope="row"), element("td", value))
        for name, value in rows
    ]
    yield element("table", element("tbody", *body), class_="pairs")


def _table(certificate: Certificate) -> Element:
    head = (
        "View", "Sightings", "Contradicted", "Median error (px)", "95% (px)", "Frame filled",
        "Border cut", "White", "Black", "Shares most with views",
    )  # fmt: skip
    return element(
        "table",
        element("thead", element("tr", *(element("th", name, scope="col") for name in head))),
        element("tbody", *map(_row, certificate.views)),
        class_="figures",
    )


def _row(view: ViewFigures) -> Element:
    found = view.consistency
    cells = [
        "\u2013" if found is None else f"{found.sightings:,}",
        "\u2013" if found is None else f"{found.conflicts:,}",
        _one(found, "median"),
        _one(found, "p95"),
        f"{view.coverage:.1%}",
        f"{view.health.cut_off:.1%}",
        _share(view.health.white),
        _share(view.health.black),
        ", ".join(map(str, view.neighbors)) or "none",
    ]
    return element(
        "tr",
        element("th", element("a", str(view.index), href=f"#view-{view.index}"), scope="row"),
        *(element("td", cell) for cell in cells),
    )


def _one(found: Consistency | None, name: str) -> str:
    if found is None or found.error_px is None:
        return "\u2013"
    return f"{getattr(found.error_px, name):.2g}"


def _share(value: float | None) -> str:
    return "\u2013" if value is None else f"{value:.1%}"


def _three(found: Quantiles) -> str:
    return f"{found.median:.2g}, {found.p95:.2g}, {found.maximum:.2g}"
