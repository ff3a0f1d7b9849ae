#!/bin/sh
# Rivals in an environment of their own, .venv-rivals, at the versions that the table names.
set -e
cd "$(dirname "$0")/../../.."
"${PYTHON:-python3}" -m venv .venv-rivals
.venv-rivals/bin/python -m pip install --quiet --disable-pip-version-check \
  apache-beam==2.77.0 daft==0.7.26 async-batch-llm==0.28.0 'google-genai[aiohttp]==3.4.0' \
  pyarrow pydantic
