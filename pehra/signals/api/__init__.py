"""The door of `signals`: who is told when an account is no longer what it was, and the leaks that give rise to it.

One file a subject; other parts import from here only. Of a leaked secret nothing is kept but a salted check.
"""

from pehra.signals.api.binding import bind_receiver, receivers, unbind_receiver
from pehra.signals.api.following import Followed, follow
from pehra.signals.api.keeping import (
    SignalsSwept,
    needs_somebody,
    pause_stream,
    resume_stream,
    send_again,
    stream,
    streams,
    sweep_signals,
    verify_stream,
)
from pehra.signals.api.leak_intake import receive_leak
from pehra.signals.api.leak_keeping import forget_leaked_secrets
from pehra.signals.api.leak_trials import is_leaked_secret
from pehra.signals.api.polling import poll
from pehra.signals.api.pushing import PushSummary, push_due
from pehra.signals.api.receiver_streams import (
    StreamExists,
    TooSoon,
    ask_verification,
    change_stream,
    configuration,
    create_stream,
    delete_stream,
    exclude_subject,
    include_subject,
    own_stream,
    own_streams,
    set_stream_status,
    stream_status,
)
from pehra.signals.queries.leaks import (
    AccountView,
    LeakPage,
    LeakView,
    leak,
    leaked_account,
    leaked_accounts,
    leaks,
)
from pehra.signals.queries.streams import ReceiverView, StreamView
from pehra.signals.rules.leak_secrets import Secret
from pehra.signals.rules.leaks import OF_A_FILE, OF_A_REQUEST, Limits, SetAside
from pehra.signals.rules.streams import Delivery, Status

__all__ = [
    "OF_A_FILE",
    "OF_A_REQUEST",
    "AccountView",
    "Delivery",
    "Followed",
    "LeakPage",
    "LeakView",
    "Limits",
    "PushSummary",
    "ReceiverView",
    "Secret",
    "SetAside",
    "SignalsSwept",
    "Status",
    "StreamExists",
    "StreamView",
    "TooSoon",
    "ask_verification",
    "bind_receiver",
    "change_stream",
    "configuration",
    "create_stream",
    "delete_stream",
    "exclude_subject",
    "follow",
    "forget_leaked_secrets",
    "include_subject",
    "is_leaked_secret",
    "leak",
    "leaked_account",
    "leaked_accounts",
    "leaks",
    "needs_somebody",
    "own_stream",
    "own_streams",
    "pause_stream",
    "poll",
    "push_due",
    "receive_leak",
    "receivers",
    "resume_stream",
    "send_again",
    "set_stream_status",
    "stream",
    "stream_status",
    "streams",
    "sweep_signals",
    "unbind_receiver",
    "verify_stream",
]
