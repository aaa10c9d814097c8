"""The command line: arguments, messages, exit code."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn, TextIO

from viewbatch import __version__, children, sources, trace
from viewbatch.bootstrap import ensure_packages
from viewbatch.console import messages
from viewbatch.errors import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_OK,
    ConfigError,
    RunError,
    UsageError,
    ViewbatchError,
    one_line,
)
from viewbatch.interrupt import before_end
from viewbatch.stopwatch import Stopwatch

log = logging.getLogger(__name__)

LONGEST_PATH = 1023
"""Bytes of a path that Blender can hold."""

ROOM_FOR_NAMES = 173
"""Bytes of that for the files in a folder, under their temporary names."""

EPILOG = """\
Under a Blender program, arguments stand after "--":
  blender --background --python generate-batch.py -- model.glb out 16

exit codes: 0 every view that was asked for exists; 1 the run failed, what exists is
complete and the same command continues; 2 the command, configuration or model is at
fault; 130 and 143 interrupted.
"""


class _Parser(argparse.ArgumentParser):
    """One that says on one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        super().error(one_line(message))


def parser(prog: str = "generate-batch.py") -> argparse.ArgumentParser:
    """The arguments."""
    result = _Parser(
        prog=prog,
        description="Render a multi-view dataset of a 3D model: colour, exact depth and masks, "
        "and cameras.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument(
        "model_path", type=_path, nargs="?", help="GLB, glTF, OBJ, FBX, .blend, ..."
    )
    result.add_argument("output_directory", type=_path, nargs="?", help="folder of the dataset")
    result.add_argument(
        "number_of_renders", type=_number, nargs="?", default=1,
        help="views that the dataset is planned to have (default: 1)",
    )  # fmt: skip
    result.add_argument(
        "--config", type=_path, metavar="PATH",
        help="configuration over the defaults (default: config.toml in the current folder)",
    )  # fmt: skip
    result.add_argument(
        "--preset", choices=list(sources.PRESETS), metavar="NAME",
        help=f"settings below those of the configuration: {', '.join(sources.PRESETS)}",
    )  # fmt: skip
    result.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides",
        help="override one key, such as render.samples=64; may be repeated",
    )  # fmt: skip
    result.add_argument(
        "--dump-config", action="store_true", help="print the effective configuration and exit"
    )
    result.add_argument(
        "--skip-render", action="store_true",
        help="do everything but rendering: write dataset.json, config.toml and cameras.json",
    )  # fmt: skip
    result.add_argument(
        "--estimate", action="store_true",
        help="make two of the views, keep nothing, and print how long all would take and how "
        "large they would be",
    )  # fmt: skip
    result.add_argument(
        "--shard", metavar="I/N",
        help="make views I, I+N, I+2N, ... alone: N such commands, I from 0, share the work",
    )  # fmt: skip
    result.add_argument(
        "--views", metavar="LIST",
        help="make these of the number_of_renders planned views alone, such as 0,3,10:20, where 20 "
        "is not included; 10: and :5 work too",
    )  # fmt: skip
    result.add_argument(
        "--overwrite", action="store_true", help="remove a dataset in the output folder first"
    )
    result.add_argument(
        "--no-install", action="store_true",
        help="do not install packages that a Blender program lacks; say how to",
    )  # fmt: skip
    result.add_argument(
        "--debug", action="store_true", help="show tracebacks and all that Blender prints"
    )
    result.add_argument(
        "--trace", type=_path, metavar="FILE",
        help="also write what ran when, as Chrome trace events (.json); https://ui.perfetto.dev "
        "shows them",
    )  # fmt: skip
    result.add_argument("--version", action="version", version=f"viewbatch {__version__}")
    return result


def _path(text: str) -> Path:
    if not text:  # a variable that is not set, and Path makes the current folder of it
        raise argparse.ArgumentTypeError("expected a path, found ''")
    return Path(text)


def _number(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected an integer of at least 1, found {text!r}")
    return number


def own_arguments(argv: Sequence[str], *, in_blender: bool) -> list[str]:
    """The arguments for the script: what follows "--", or under plain Python all of them."""
    arguments = list(argv[1:])
    if in_blender:
        return arguments[arguments.index("--") + 1 :] if "--" in arguments else []
    return arguments[1:] if arguments[:1] == ["--"] else arguments


def main(argv: Sequence[str], *, in_blender: bool) -> int:
    """Run the script's arguments and return the exit code; messages go to standard error."""
    start = time.perf_counter()
    arguments = parser()
    options, unknown = arguments.parse_known_args(argv)
    if unknown:
        dashed = [word for word in unknown if word.startswith("-") and Path(word).exists()]
        hint = f"; a file of that name is written ./{dashed[0]}" if dashed else ""
        arguments.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")
    if not options.dump_config and options.output_directory is None:
        hint = ', which stand after "--" under Blender' if in_blender else ""
        arguments.error(f"expected model_path and output_directory{hint}; see --help")
    with messages(debug=options.debug) as output, before_end(_say_interrupted):
        try:
            return _run(options, start, output, in_blender=in_blender)
        except ConfigError as error:
            log.error(
                "%s", error.headline, extra={"details": error.problems}, exc_info=options.debug
            )
            return error.exit_code
        except ViewbatchError as error:
            log.error("%s", error, exc_info=options.debug)
            return error.exit_code
        except MemoryError:
            log.error("memory ran out; use a smaller image or model", exc_info=options.debug)
            return EXIT_FAILED
        except Exception as error:
            if isinstance(error, OSError) and error.filename is not None:
                log.error(
                    "%s: %s; the views with a record are complete, and the same command continues",
                    os.fsdecode(error.filename),
                    error.strerror,
                    exc_info=options.debug,
                )
            else:  # a defect must still end with one sentence
                log.error(
                    "unexpected %s: %s; this is a defect of the program, please report it "
                    "with what --debug prints",
                    type(error).__name__,
                    error,
                    exc_info=options.debug,
                )
            return EXIT_FAILED


def _say_interrupted() -> None:
    """The last thing before a signal ends the process."""
    children.end_all()
    log.error("interrupted; views that have a record are complete, and the same command continues")
    logging.shutdown()


def _run(options: argparse.Namespace, start: float, output: TextIO, *, in_blender: bool) -> int:
    try:
        here = Path.cwd()
    except OSError as error:
        raise UsageError(
            f"the current folder cannot be used: {error.strerror}; change to another"
        ) from error
    found = sources.load(options.config, options.overrides, here, preset=options.preset)
    ensure_packages(in_blender=in_blender, install=not options.no_install)
    # These need numpy, which a Blender program may lack until here.
    from viewbatch import model_files, plugin

    wanted = found.plugins
    classes, problems = plugin.find(
        enabled=wanted.enabled if wanted else (),
        tables=found.plugin_tables,
        folder=Path(wanted.path) if wanted and wanted.path else None,
    )
    config = found.decode({name: c.Config for name, c in classes.items()}, problems)
    if options.dump_config:
        try:
            output.write(sources.dump(config))
            output.flush()
        except OSError as error:
            raise RunError(f"the configuration cannot be printed: {error.strerror}") from error
        return EXIT_OK
    if options.trace is not None:
        trace.check(options.trace, options.output_directory)
    log.info("configuration: %s", found.description)
    try:
        is_file = options.model_path.is_file()
    except OSError as error:  # such as a name that is too long
        raise UsageError(
            f"the model {options.model_path} cannot be read: {error.strerror}; check its name"
        ) from error
    if not is_file:
        what = "is no file" if options.model_path.exists() else "does not exist"
        what = "is a folder" if options.model_path.is_dir() else what
        raise UsageError(f"the model {options.model_path} {what}; name a file such as model.glb")

    _check_path("model", options.model_path, LONGEST_PATH)
    _check_path("output", options.output_directory, LONGEST_PATH - ROOM_FOR_NAMES)
    views = _views(options)
    findings = model_files.read(options.model_path)

    from viewbatch.dataset import exr, folder, selection, writer

    folder.check(options.output_directory)
    if in_blender:
        exr.isolate()

    def clean_up() -> None:
        writer.make_no_more_files()
        writer.remove_temporary_files(options.output_directory)

    with before_end(clean_up), writer.private_folder() as temporary:
        # Blender makes a folder for itself in there, and leaves it where a process ends otherwise
        # than by itself.
        os.environ.update(dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary)))
        stopwatch = Stopwatch(trace=options.trace is not None)
        # These start Blender, which no answer above needs.
        from viewbatch.blender import runner
        from viewbatch.blender.job import Job

        stopwatch.add("start-up", start)
        job = Job(
            model=options.model_path,
            findings=findings,
            output=options.output_directory,
            number_of_views=options.number_of_renders,
            views=views,
            config=config,
            plugins=classes,
            skip_render=options.skip_render,
            overwrite=options.overwrite,
        )
        try:
            if options.estimate:
                few = [views[i] for i in selection.spread(len(views), 2)]
                tried = replace(job, output=temporary / "estimate", views=few)
                output.write(runner.estimate(tried, stopwatch, start, len(views)).text())
            else:
                runner.run(job, stopwatch)
        finally:
            ended_by = sys.exc_info()[1]
            writer.remove_temporary_files(options.output_directory)
            if stopwatch.spans is not None:
                try:
                    trace.write(options.trace, stopwatch.spans, stopwatch.readings)
                except RunError as error:
                    if ended_by is None:
                        raise
                    log.warning("%s", error)  # and what ended the run stands last
    return EXIT_OK


def _check_path(what: str, path: Path, longest: int) -> None:
    """Refuse a path that Blender and OpenEXR cannot be given."""
    try:
        length = len(str(path.absolute()).encode("utf-8"))
    except UnicodeEncodeError:
        cure = "rename it"
        if sys.getfilesystemencoding() != "utf-8":
            cure = "set PYTHONUTF8=1 if it is UTF-8 after all, or rename it"
        raise UsageError(
            f"the path of the {what} {path} is not UTF-8, which Blender needs; {cure}"
        ) from None
    if length > longest:
        raise UsageError(
            f"the path of the {what} {path} is {length} bytes long, and Blender can use "
            f"{longest}; choose a shorter one"
        )


def _views(options: argparse.Namespace) -> Sequence[int]:
    """Indices of the views that this process makes."""
    from viewbatch.dataset.records import MOST_VIEWS  # its package needs numpy
    from viewbatch.dataset.selection import Selection, Shard

    number = options.number_of_renders
    if number > MOST_VIEWS:
        raise UsageError(
            f"number_of_renders is {number}, and a dataset has at most {MOST_VIEWS} views"
        )
    if options.estimate and (options.skip_render or options.overwrite):
        raise UsageError(
            "--estimate renders and keeps nothing, so it cannot be combined with --skip-render or "
            "--overwrite; leave those out"
        )
    if options.shard is None and options.views is None:
        return range(number)
    if options.overwrite:
        raise UsageError(
            "--overwrite would remove views that other processes make, so it cannot be combined "
            "with --shard or --views; replace the dataset first, with --overwrite --skip-render"
        )
    if options.skip_render:
        raise UsageError(
            "--skip-render plans the cameras of all views, so it cannot be combined with --shard "
            "or --views; leave those out"
        )
    indices: Sequence[int] = range(number)
    if options.views is not None:
        try:
            selection = Selection.parse(options.views)
        except ValueError as error:
            raise UsageError(f"--views: {error}") from error
        try:
            indices = list(dict.fromkeys(selection.indices(number)))
        except ValueError as error:
            raise UsageError(
                f"--views {options.views} {error}, and number_of_renders plans "
                f"{'view 0 alone' if number == 1 else f'views 0 to {number - 1}'}; "
                "choose among these, or plan more"
            ) from error
    if options.shard is not None:
        try:
            indices = Shard.parse(options.shard).of(indices)
        except ValueError as error:
            raise UsageError(f"--shard: {error}") from error
    if options.estimate and not indices:
        raise UsageError(
            "this shard has none of the views asked for, so there is nothing to estimate; "
            "choose another"
        )
    return indices


def run_and_exit() -> NoReturn:
    """Run this process's arguments and end it with the exit code.

    Ends with `os._exit`: a Blender program would exit with 0 after an error, and the
    `bpy` package can crash while the interpreter shuts down.
    """
    in_blender = "bpy" in sys.modules
    # A Blender program has a folder for temporary files before it runs a script.
    temporary = sys.modules["bpy"].app.tempdir if in_blender else None

    def clean_up() -> None:
        if temporary:
            shutil.rmtree(temporary, ignore_errors=True)

    code = EXIT_FAILED
    try:
        with before_end(clean_up):
            code = main(own_arguments(sys.argv, in_blender=in_blender), in_blender=in_blender)
    except SystemExit as exit_request:  # argparse has answered
        code = exit_request.code if isinstance(exit_request.code, int) else EXIT_FAILED
    except KeyboardInterrupt:  # before there was anything to clean up
        code = EXIT_INTERRUPTED
    finally:
        clean_up()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        os._exit(code)
