"""A runner of Beam that takes a job and cannot be watched afterwards, as when a network is lost."""

from __future__ import annotations

from typing import Any

from apache_beam.runners.runner import PipelineResult, PipelineRunner, PipelineState


class _Result(PipelineResult):
    def wait_until_finish(self, duration: Any = None) -> None:
        del duration
        raise ConnectionError("the service did not reply")


class VanishingRunner(PipelineRunner):
    """The job goes on elsewhere."""

    state = PipelineState.RUNNING

    def run_pipeline(self, pipeline: Any, options: Any) -> PipelineResult:
        del pipeline, options
        return _Result(self.state)


class FailingRunner(VanishingRunner):
    """The job is known to have failed."""

    state = PipelineState.FAILED


class UpdatedRunner(VanishingRunner):
    """The job has been replaced by another, which goes on with its work."""

    state = PipelineState.UPDATED


class _Cancelled(PipelineResult):
    def wait_until_finish(self, duration: Any = None) -> Any:
        del duration
        return self.state


class CancellingRunner(PipelineRunner):
    """Somebody cancels the job, of which its launcher hears as of any other end."""

    def run_pipeline(self, pipeline: Any, options: Any) -> PipelineResult:
        del pipeline, options
        return _Cancelled(PipelineState.CANCELLED)
