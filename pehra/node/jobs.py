"""Periodic work of the node itself: jobs of killed workers run again, old jobs are forgotten."""

from procrastinate import JobContext
from procrastinate.contrib.django import app

STALLED_SECONDS = 30
KEPT_HOURS = 24 * 14


@app.periodic(cron="* * * * *", periodic_id="node.retry_stalled")
@app.task(name="node.retry_stalled", queueing_lock="node.retry_stalled", pass_context=True)
async def retry_stalled(context: JobContext, timestamp: int) -> None:
    """Run the jobs of workers that went silent again: they are idempotent."""
    jobs = context.app.job_manager
    for job in await jobs.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        await jobs.retry_job(job)


@app.periodic(cron="17 3 * * *", periodic_id="node.forget_old")
@app.task(name="node.forget_old", queueing_lock="node.forget_old", pass_context=True)
async def forget_old(context: JobContext, timestamp: int) -> None:
    """Remove ended jobs after two weeks; those that failed for good included, they were logged."""
    await context.app.job_manager.delete_old_jobs(
        nb_hours=KEPT_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )
