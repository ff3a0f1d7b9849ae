"""What somebody would write instead: every question in one request per picture, at flat `high`.

    python -m bench.together.script FOLDER ENDPOINT

Prints the number of pictures and the tokens that the service counted.
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml
from google import genai
from google.genai import types

SIX = yaml.safe_load((Path(__file__).parent / "six.yaml").read_text("utf-8"))
KINDS = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}


def main(folder: str, endpoint: str) -> None:
    """Ask about every picture whose kind Gemini takes, one after the other."""
    client = genai.Client(api_key="none", http_options=types.HttpOptions(base_url=endpoint))
    questions = SIX["tasks"]
    properties = {
        name: {"type": "STRING", "enum": task["labels"]} if "labels" in task else {"type": "STRING"}
        for name, task in questions.items()
    }
    config = types.GenerateContentConfig(
        response_mime_type="application/json",
        response_schema={"type": "OBJECT", "properties": properties, "required": list(properties)},
        media_resolution=types.MediaResolution.MEDIA_RESOLUTION_HIGH,
    )
    used = pictures = 0
    for path in sorted(Path(folder).rglob("*")):
        if path.suffix.lower() not in KINDS:
            continue
        prompt = "\n".join(f"{name}: {task['prompt']}" for name, task in questions.items())
        picture = types.Part.from_bytes(
            data=path.read_bytes(), mime_type=KINDS[path.suffix.lower()]
        )
        try:
            reply = client.models.generate_content(
                model=SIX["model"],
                contents=[picture, prompt.format(filename=path.name)],
                config=config,
            )
        except genai.errors.ClientError:
            continue  # a file that the service cannot read
        pictures += 1
        used += reply.usage_metadata.total_token_count if reply.usage_metadata else 0
    print(pictures, used)


if __name__ == "__main__":
    main(*sys.argv[1:])
