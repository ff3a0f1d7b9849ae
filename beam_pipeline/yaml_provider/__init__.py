"""The transforms of `tierwise` for pipelines that are written in Beam YAML.

`transforms.yaml` beside this file lists them for `providers: - include:`.
"""

from tierwise.beam_pipeline.yaml_provider.ask_gemini import AskGemini as AskGemini
from tierwise.beam_pipeline.yaml_provider.optimize_images import OptimizeImages as OptimizeImages
from tierwise.beam_pipeline.yaml_provider.read_images import ReadImages as ReadImages
from tierwise.beam_pipeline.yaml_provider.write_tables import WriteTables as WriteTables
