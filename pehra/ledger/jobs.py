"""The ledger's periodic work: one call of the sequencer every few seconds."""

from procrastinate.contrib.django import app

from pehra.kernel import clock
from pehra.ledger import api


@app.periodic(cron="* * * * * */3", periodic_id="ledger.place_entries")
@app.task(name="ledger.place_entries", queueing_lock="ledger.place_entries")
def place_entries(timestamp: int) -> None:
    """Give waiting entries their place and sign a checkpoint. A tick that is late or doubled does no harm."""
    api.place_entries(at=clock.now())
