"""The batch jobs of a service."""

from __future__ import annotations

from tierwise.gemini.batch.developer_jobs import DeveloperJobs
from tierwise.gemini.batch.jobs import BatchJobs
from tierwise.gemini.batch.rest import Rest
from tierwise.gemini.batch.vertex_jobs import VertexJobs
from tierwise.gemini.service import Service

# How long a service may fail until whoever watches its jobs is told.
PATIENCE_S = 10 * 60.0


def batch_jobs(service: Service, patience_s: float = PATIENCE_S) -> BatchJobs:
    """Those of the Developer API, Vertex AI, or an emulator of either.

    Raises:
        InputError: no key or no credentials.
    """
    rest = Rest(service, patience_s)
    return VertexJobs(rest) if service.vertex else DeveloperJobs(rest)
