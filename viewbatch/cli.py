"""The command line: arguments, messages, exit code."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, TextIO

from viewbatch import __version__, sources
from viewbatch.bootstrap import ensure_packages
from viewbatch.console import messages
from viewbatch.errors import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_OK,
    UsageError,
    ViewbatchError,
)
from viewbatch.interrupt import ends_process
from viewbatch.stopwatch import Stopwatch

log = logging.getLogger(__name__)

EPILOG = """\
Under a Blender program, arguments stand after "--":
  blender --background --python generate-batch.py -- model.glb out 16

exit codes: 0 every view that was asked for exists; 1 the run failed, what exists is
complete and the same command continues; 2 the command, configuration or model is at
fault; 130 and 143 interrupted.
"""


def parser(prog: str = "generate-batch.py") -> argparse.ArgumentParser:
    """The arguments."""
    result = argparse.ArgumentParser(
        prog=prog,
        description="Render a multi-view dataset of a 3D model: colour, exact depth and masks, "
        "and cameras.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("model_path", type=Path, nargs="?", help="GLB, glTF, OBJ, FBX, .blend, ...")
    result.add_argument("output_directory", type=Path, nargs="?", help="folder of the dataset")
    result.add_argument(
        "number_of_renders", type=_number, nargs="?", default=1, help="views to make (default: 1)"
    )
    result.add_argument(
        "--config", type=Path, metavar="PATH",
        help="configuration over the defaults (default: config.toml in the current folder)",
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
        "--overwrite", action="store_true", help="remove a dataset in the output folder first"
    )
    result.add_argument(
        "--no-install", action="store_true",
        help="do not install packages that a Blender program lacks; say how to",
    )  # fmt: skip
    result.add_argument(
        "--debug", action="store_true", help="show tracebacks and all that Blender prints"
    )
    result.add_argument("--version", action="version", version=f"viewbatch {__version__}")
    return result


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
    options = arguments.parse_args(argv)
    if not options.dump_config and options.output_directory is None:
        hint = ', which stand after "--" under Blender' if in_blender else ""
        arguments.error(f"expected model_path and output_directory{hint}; see --help")
    with messages(debug=options.debug) as output:
        try:
            return _run(options, start, output, in_blender=in_blender)
        except ViewbatchError as error:
            log.error("%s", error, exc_info=options.debug)
            return error.exit_code
        except MemoryError:
            log.error("memory ran out; use a smaller image or model", exc_info=options.debug)
            return EXIT_FAILED
        except Exception as error:  # a defect must still end with one sentence
            log.error(
                "unexpected %s: %s; this is a defect of the program, please report it "
                "with what --debug prints",
                type(error).__name__,
                error,
                exc_info=options.debug,
            )
            return EXIT_FAILED


def _run(options: argparse.Namespace, start: float, output: TextIO, *, in_blender: bool) -> int:
    found = sources.load(options.config, options.overrides, Path.cwd())
    ensure_packages(in_blender=in_blender, install=not options.no_install)
    from viewbatch import plugin  # needs numpy, which a Blender program may lack until here

    wanted = found.plugins
    classes, problems = plugin.find(
        enabled=wanted.enabled if wanted else (),
        tables=found.plugin_tables,
        folder=Path(wanted.path) if wanted and wanted.path else None,
    )
    config = found.decode({name: c.Config for name, c in classes.items()}, problems)
    if options.dump_config:
        output.write(sources.dump(config))
        return EXIT_OK
    log.info("configuration: %s", found.description)
    if not options.model_path.is_file():
        what = "is a folder" if options.model_path.is_dir() else "does not exist"
        raise UsageError(f"the model {options.model_path} {what}; name a file such as model.glb")

    from viewbatch.dataset import exr, folder, writer

    folder.check(options.output_directory)
    if in_blender:
        exr.isolate()

    def interrupted() -> None:
        writer.make_no_more_files()
        writer.remove_temporary_files(options.output_directory)
        log.error(
            "interrupted; views that have a record are complete, and the same command continues"
        )
        logging.shutdown()
        sys.stderr.flush()

    with ends_process(interrupted):
        stopwatch = Stopwatch()
        from viewbatch.blender import runner  # starts Blender, which no answer above needs

        stopwatch.seconds["start-up"] = time.perf_counter() - start
        runner.run(
            runner.Job(
                model=options.model_path,
                output=options.output_directory,
                number_of_views=options.number_of_renders,
                config=config,
                plugins=classes,
                skip_render=options.skip_render,
                overwrite=options.overwrite,
            ),
            stopwatch,
        )
    return EXIT_OK


def run_and_exit() -> NoReturn:
    """Run this process's arguments and end it with the exit code.

    Ends with `os._exit`: a Blender program would exit with 0 after an error, and the
    `bpy` package can crash while the interpreter shuts down.
    """
    in_blender = "bpy" in sys.modules
    code = EXIT_FAILED
    try:
        code = main(own_arguments(sys.argv, in_blender=in_blender), in_blender=in_blender)
    except SystemExit as exit_request:  # argparse has answered
        code = exit_request.code if isinstance(exit_request.code, int) else EXIT_FAILED
    except KeyboardInterrupt:  # before there was anything to clean up
        code = EXIT_INTERRUPTED
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
