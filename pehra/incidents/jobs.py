"""Periodic work: clocks advance and people are reminded every few seconds; evidence is stamped as it comes."""

from procrastinate.contrib.django import app

from pehra.kernel import clock

ADVANCES_A_TICK_MAX = 20
STAMPS_A_TICK_MAX = 3


@app.periodic(cron="* * * * * */5", periodic_id="incidents.advance_clocks")
@app.task(name="incidents.advance_clocks", queueing_lock="incidents.advance_clocks", pass_context=False)
def advance_clocks(timestamp: int) -> None:
    """Advance what has come due. Bounded: what is left waits five seconds, and the worker stays free for other work."""
    from pehra.incidents import api

    for _ in range(ADVANCES_A_TICK_MAX):
        at = clock.now()
        if not api.advance_clocks(at=at) + api.remind(at=at):
            return


@app.periodic(cron="* * * * * */15", periodic_id="incidents.stamp_evidence")
@app.task(name="incidents.stamp_evidence", queueing_lock="incidents.stamp_evidence", pass_context=False)
def stamp_evidence(timestamp: int) -> None:
    """Ask the time-stamping authority for what is due; one that does not answer holds up the next for ten seconds."""
    from pehra.incidents import api

    api.stamp_due(at=clock.now(), limit=STAMPS_A_TICK_MAX)


@app.periodic(cron="*/10 * * * *", periodic_id="incidents.end_evidence")
@app.task(name="incidents.end_evidence", queueing_lock="incidents.end_evidence", pass_context=False)
def end_evidence(timestamp: int) -> None:
    """Take away the bytes of destroyed evidence that lie there still, and close what nobody answered."""
    from pehra.incidents import api

    api.run_out_disposals(at=clock.now())
    api.erase_destroyed(at=clock.now())
