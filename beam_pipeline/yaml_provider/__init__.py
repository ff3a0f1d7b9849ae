"""The transforms of `tierwise` for pipelines that are written in Beam YAML.

`transforms.yaml` beside this file lists them for `providers: - include:`.
"""

from beam_pipeline.yaml_provider.ask_gemini import AskGemini as AskGemini
from beam_pipeline.yaml_provider.optimize_images import OptimizeImages as OptimizeImages
from beam_pipeline.yaml_provider.read_images import ReadImages as ReadImages
from beam_pipeline.yaml_provider.write_tables import WriteTables as WriteTables
