"""Uploaded bytes are decoded in the sandbox only: no function reaches a decoder by its imports.

What runs in the sandbox is named by strings (`declare_work`), so it is not in the graph of imports.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import grimp
import pytest

from infra.local.suite.layout import ROOT
from shared.pipeline import FUNCTIONS

DECODERS = {
    "Image.open", "ImageFile", "pi_heif", "pillow_heif",
    "cv2.imdecode", "cv2.imdecodemulti", "cv2.imread", "cv2.imreadmulti", "cv2.VideoCapture",
    "av.open", "av.container", "av.CodecContext", "av.codec",
    # FFmpeg as a program.
    "subprocess", "imageio_ffmpeg",
}  # fmt: skip
"""Names in Pillow, libheif, OpenCV and PyAV that open or decode encoded media."""
EXEMPT = {
    "functions.recorder.camera.device": "opens a camera of the operator's machine, not an upload",
}
"""Modules that may decode outside of the sandbox, with the reason."""


def find_decoders(source: str) -> set[str]:
    """Returns the decoders that a module refers to. Opening with "w" is not decoding."""
    tree = ast.parse(source)
    names, written = set[str](), set[int]()
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=function, args=[_, ast.Constant(value="w"), *_]):
                written.add(id(function))
            case ast.Import(names=aliases):
                names |= {alias.name for alias in aliases}
            case ast.ImportFrom(module=str(module), names=aliases):
                names |= {f"{module}.{alias.name}" for alias in aliases}
            case ast.Attribute() if id(node) not in written:
                names.add(ast.unparse(node))
    return {decoder for name in names for decoder in DECODERS if f".{decoder}." in f".{name}."}


@cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("shared", "functions")


@cache
def sources() -> dict[str, Path]:
    """The files of all modules."""
    files = [*ROOT.glob("shared/**/*.py"), *ROOT.glob("functions/**/*.py")]
    return {".".join(file.relative_to(ROOT).with_suffix("").parts): file for file in files}


def read_source(module: str) -> str:
    return (sources().get(module) or sources()[f"{module}.__init__"]).read_text()


def find_imported(module: str) -> set[str]:
    """The modules that importing a module imports, now or when one of its functions is called."""
    found, pending = set[str](), {module}
    while pending:
        module = pending.pop()
        found.add(module)
        parents = {module[:at] for at, char in enumerate(module) if char == "."}
        pending |= (graph().find_modules_directly_imported_by(module) | parents) - found
    return found


def find_declared_work(module: str) -> Iterator[tuple[str, str]]:
    """The module and the function of each work that a module declares."""
    for node in ast.walk(ast.parse(read_source(module))):
        match node:
            case ast.Call(func=ast.Name(id="declare_work"), args=arguments):
                names = [ast.literal_eval(argument) for argument in arguments]
                yield names[0], names[1]


def find_work_of(function: str) -> set[tuple[str, str]]:
    return {
        work
        for module in find_imported(f"functions.{function}.main")
        if module != "shared.media.sandbox.run"
        for work in find_declared_work(module)
    }


@pytest.mark.parametrize("function", FUNCTIONS)
def test_function_reaches_no_decoder(function: str) -> None:
    reached = {
        module: decoders
        for module in sorted(find_imported(f"functions.{function}.main") - EXEMPT.keys())
        if (decoders := find_decoders(read_source(module)))
    }
    assert reached == {}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_work_in_the_sandbox_exists_and_is_not_imported_by_its_function(function: str) -> None:
    imported = find_imported(f"functions.{function}.main")
    for module, name in find_work_of(function):
        assert module not in imported
        functions = [
            node for node in ast.parse(read_source(module)).body
            if isinstance(node, ast.FunctionDef) and node.name == name
        ]  # fmt: skip
        assert len(functions) == 1, f"{module}.{name}"
        assert functions[0].args.args[0].arg == "sandbox_io"


@pytest.mark.parametrize(
    ("function", "decoders"),
    [
        ("upload_trigger", {"Image.open", "pi_heif", "av.open"}),
        ("frame_extraction", {"Image.open", "cv2.imdecode", "av.open"}),
        ("emotion_scoring", {"cv2.imdecode", "av.open"}),
        ("slide_generation", {"Image.open", "pi_heif"}),
        ("stitching", {"Image.open", "pi_heif", "av.open"}),
        ("recorder", {"av.open", "av.CodecContext"}),
    ],
)
def test_decoders_of_a_function_are_found_in_its_sandbox(function: str, decoders: set[str]) -> None:
    """A decoder that the rule cannot find would pass every test above."""
    found = set[str]()
    for module, _ in find_work_of(function):
        for imported in find_imported(module):
            found |= find_decoders(read_source(imported))
    assert decoders <= found


@pytest.mark.parametrize("function", FUNCTIONS)
def test_sandbox_defines_no_error_that_its_function_does_not_know(function: str) -> None:
    """Errors cross the border of the process by their code, so both sides must have the class."""
    imported = find_imported(f"functions.{function}.main")
    for module, _ in find_work_of(function):
        for sandboxed in find_imported(module) - imported:
            if not sandboxed.startswith(("functions.", "shared.media.")):
                continue
            bases = {
                ast.unparse(base)
                for node in ast.walk(ast.parse(read_source(sandboxed)))
                if isinstance(node, ast.ClassDef)
                for base in node.bases
            }
            assert not bases & {"PermanentError", "TransientError", "OverloadedError"}, sandboxed


@pytest.mark.parametrize(
    "source",
    [
        "from PIL import Image\nImage.open(x)",
        "import PIL.Image\nPIL.Image.open(x)",
        "from PIL.Image import open as read",
        "from PIL import ImageFile",
        "import cv2\ncv2.imdecode(x, 1)",
        "from cv2 import VideoCapture",
        "import av\nav.open(x)",
        "import av\nav.open(x, 'r')",
        "import av\nav.open(x, mode)",
        "from av import open as open_media",
        "import av\nav.CodecContext.create('h264', 'r')",
        "def later():\n import pi_heif",
        "import subprocess",
    ],
)
def test_decoder_is_found(source: str) -> None:
    assert find_decoders(source)


@pytest.mark.parametrize(
    "source",
    [
        "import av\nav.open(x, 'w', format='mp4')",
        "from PIL import Image\nImage.frombytes('RGB', size, x).save(y)",
        "import cv2\ncv2.imencode('.png', x)",
        "open(x)",
    ],
)
def test_encoding_and_drawing_are_not_decoding(source: str) -> None:
    assert find_decoders(source) == set()
