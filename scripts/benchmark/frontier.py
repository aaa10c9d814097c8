"""Which settings give the best images in the least time, over kinds of scenes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from compat.shared.progress import progress
from scripts.benchmark.hosts import Host, Run, Work, read_run
from scripts.benchmark.quality import Quality, Reference
from scripts.benchmark.scenes import SCENES, SceneName, write_scene
from scripts.benchmark.tables import Table
from scripts.shared.errors import InputError
from viewbatch.dataset import Dataset

ENOUGH_DB = 45.0
DEFAULT = "default"
_BASE = (
    "render.samples=16",
    "render.cycles.adaptive_threshold=0.01",
    "render.cycles.adaptive_min_samples=0",
    "render.cycles.denoising_prefilter=FAST",
    "render.cycles.denoising_quality=HIGH",
)
"""What variants change one thing of, so that they stay what they are where defaults change."""
_CLEAN = (
    *_BASE,
    "render.cycles.use_denoising=false",
    "render.cycles.use_adaptive_sampling=false",
)


@dataclass(frozen=True, kw_only=True)
class Variant:
    """Settings, and what they are called."""

    name: str
    settings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is rendered of every scene."""

    folder: Path
    views: int
    resolution_px: int
    reference_samples: int
    variants: Sequence[Variant]
    settings: tuple[str, ...]
    """Of all variants and of the references."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a variant gave."""

    seconds: float
    """Of the colour render of a view but the first, with denoising."""
    ratio: float
    """Of these to the default's."""
    quality: Quality


@dataclass(frozen=True, kw_only=True)
class SceneResult:
    """All variants of a scene."""

    outcomes: Mapping[str, Outcome]
    reference: Reference

    @property
    def best(self) -> set[str]:
        """Names of variants than which none is both faster and better."""
        return {
            name
            for name, one in self.outcomes.items()
            if not any(
                other.seconds <= one.seconds
                and other.quality.psnr_db >= one.quality.psnr_db
                and (other.seconds, other.quality.psnr_db) != (one.seconds, one.quality.psnr_db)
                for other in self.outcomes.values()
            )
        }


def variants() -> Iterator[Variant]:
    """All that are tried; the first is config.default.toml as it is."""
    cycles = "render.cycles."

    def variant(name: str, *settings: str) -> Variant:
        return Variant(name=name, settings=(*_BASE, *settings))

    yield Variant(name=DEFAULT, settings=())
    counts = [2**power for power in range(9)]
    for count in counts:
        yield variant(f"samples {count}", f"render.samples={count}")
    noisy = f"{cycles}use_denoising=false"
    for count in counts:
        yield variant(f"noisy {count}", f"render.samples={count}", noisy)
    for threshold in (0.2, 0.1, 0.05, 0.02, 0.005):
        limit = f"{cycles}adaptive_threshold={threshold}"
        yield variant(f"threshold {threshold}", "render.samples=256", limit)
        yield variant(f"threshold {threshold} noisy", "render.samples=256", limit, noisy)
    yield variant("threshold none", f"{cycles}use_adaptive_sampling=false")
    for prefilter in ("FAST", "ACCURATE"):
        for threshold, least in (
            (0.1, 4), (0.05, 4), (0.05, 16), (0.03, 16), (0.02, 16), (0.01, 16),
        ):  # fmt: skip
            yield variant(
                f"adaptive {threshold} from {least} {prefilter.lower()}",
                "render.samples=256",
                f"{cycles}adaptive_threshold={threshold}",
                f"{cycles}adaptive_min_samples={least}",
                f"{cycles}denoising_prefilter={prefilter}",
            )
    for count in (4, 16):
        for prefilter in ("NONE", "FAST", "ACCURATE"):
            for quality in ("HIGH", "BALANCED", "FAST"):
                yield variant(
                    f"denoiser {prefilter.lower()} {quality.lower()} {count}",
                    f"render.samples={count}",
                    f"{cycles}denoising_prefilter={prefilter}",
                    f"{cycles}denoising_quality={quality}",
                )
    yield variant("light tree off", f"{cycles}use_light_tree=false")
    for most in (0.0, 1.0, 3.0):
        yield variant(f"clamp indirect {most:g}", f"{cycles}sample_clamp_indirect={most}")
    yield variant("clamp direct 10", f"{cycles}sample_clamp_direct=10.0")
    for bounces in (2, 4, 12):
        kinds = ("max", "diffuse", "glossy", "transmission")
        limits = [f"{cycles}{kind}_bounces={bounces}" for kind in kinds]
        yield variant(f"bounces {bounces}", *limits)


def chosen(words: str) -> list[Variant]:
    """The default, and variants whose names begin with one of the words, or all."""
    beginnings = tuple(word.strip() for word in words.split(",") if word.strip())
    found = [v for v in variants() if not beginnings or v.name.startswith(beginnings)]
    unknown = [word for word in beginnings if not any(v.name.startswith(word) for v in found)]
    if unknown:
        names = ", ".join(variant.name for variant in variants())
        raise InputError(f"no setting begins with {unknown[0]!r}; there are {names}")
    return found if found[0].name == DEFAULT else [next(variants()), *found]


def measure(name: SceneName, host: Host, plan: Plan) -> SceneResult:
    """Render a scene in every way; what is in the folder already is taken from there."""
    folder = plan.folder.resolve() / name
    model = write_scene(name, folder)

    def run(variant: Variant) -> Run:
        settings = [
            f"render.resolution_x={plan.resolution_px}",
            f"render.resolution_y={plan.resolution_px}",
            'plugins.enabled=["depth", "mask", "linear"]',
            *SCENES[name].all_settings,
            *plan.settings,
            *variant.settings,
        ]
        work = Work(model=model, views=plan.views, settings=settings)
        return _kept(host, work, folder / variant.name.replace(" ", "_"))

    # Seeds unlike the variants': their noise must not be that of the reference.
    references = [
        Variant(
            name=f"reference {seed}",
            settings=(*_CLEAN, f"render.samples={plan.reference_samples}", f"seed={seed}"),
        )
        for seed in (1, 2)
    ]
    runs = {
        variant.name: run(variant) for variant in progress([*references, *plan.variants], str(name))
    }
    first, second = (Dataset.open(runs.pop(one.name).dataset) for one in references)
    reference = Reference(first, second)
    seconds = {name: _seconds(run) for name, run in runs.items()}
    return SceneResult(
        reference=reference,
        outcomes={
            name: Outcome(
                seconds=seconds[name],
                ratio=seconds[name] / seconds[DEFAULT],
                quality=reference.quality(Dataset.open(run.dataset)),
            )
            for name, run in runs.items()
        },
    )


def _kept(host: Host, work: Work, folder: Path) -> Run:
    """The run that is in a folder, if it is of this work; else a new one."""
    folder.mkdir(exist_ok=True)
    # All that the dataset depends on: defaults may change as well as settings.
    words = f"# {work.model.name}, {work.views} views\n{host.configuration(work, folder)}"
    note = folder / "work.txt"
    if note.is_file() and note.read_text(encoding="utf-8") == words:
        return read_run(folder, wall_s=math.nan, launched_s=math.nan)
    done = host.generate(work, folder)
    note.write_text(words, encoding="utf-8")
    return done


def _seconds(run: Run) -> float:
    """Of the colour of a view but the first, for which Cycles builds the scene."""
    found = [span.seconds for span in run.trace.of("colour")]
    later = found[1:] or found
    return sum(later) / len(later)


def table(name: SceneName, result: SceneResult) -> Table:
    """All variants of a scene by their time."""
    best, reference = result.best, result.reference
    rows = [
        [
            f"{variant}{' *' if variant in best else ''}",
            f"{found.ratio:.3f}",
            f"{found.quality.psnr_db:.2f}",
            f"{found.quality.ssim:.4f}",
            f"{found.quality.spread:.2f}",
            f"{found.quality.added_spread:.2f}",
        ]
        for variant, found in sorted(result.outcomes.items(), key=lambda item: item[1].seconds)
    ]
    return Table(
        title=f"{name} (* none is faster and better; noise of the reference "
        f"{reference.noise_db:.1f} dB, its spread {reference.spread:.2f})",
        columns=["settings", "time", "PSNR dB", "SSIM", "spread", "added spread"],
        rows=rows,
    )


def summary(results: Mapping[SceneName, SceneResult]) -> Table:
    """Every variant over all scenes, by time; the title names the cheapest that is enough."""
    names = list(next(iter(results.values())).outcomes)
    over = {name: [result.outcomes[name] for result in results.values()] for name in names}
    times = {name: _geometric_mean([o.ratio for o in found]) for name, found in over.items()}
    lowest = {name: min(o.quality.psnr_db for o in found) for name, found in over.items()}
    names.sort(key=lambda name: times[name])
    enough = next((name for name in names if lowest[name] >= ENOUGH_DB), None)
    rows = [
        [
            name,
            f"{times[name]:.3f}",
            f"{lowest[name]:.2f}",
            f"{min(o.quality.ssim for o in over[name]):.4f}",
            f"{max(o.quality.added_spread for o in over[name]):.2f}",
            str(sum(name in result.best for result in results.values())),
        ]
        for name in names
    ]
    reached = "none" if enough is None else enough
    return Table(
        title=f"All scenes; the cheapest that reaches {ENOUGH_DB:g} dB in each: {reached}",
        columns=["settings", "time", "lowest PSNR", "lowest SSIM", "most added spread", "best in"],
        rows=rows,
    )


def _geometric_mean(values: Sequence[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values))
