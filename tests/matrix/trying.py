"""Every use case with its probe."""

from tests.matrix import (
    probes,
    probes_access,
    probes_controls,
    probes_desk,
    probes_evidence,
    probes_exchange,
    probes_forms,
    probes_intake,
    probes_joining,
    probes_keys,
    probes_mail,
    probes_signals,
    probes_threads,
    probes_work,
)

PROBES = {
    **probes.PROBES,
    **probes_access.PROBES,
    **probes_controls.PROBES,
    **probes_desk.PROBES,
    **probes_evidence.PROBES,
    **probes_forms.PROBES,
    **probes_exchange.PROBES,
    **probes_keys.PROBES,
    **probes_mail.PROBES,
    **probes_intake.PROBES,
    **probes_joining.PROBES,
    **probes_signals.PROBES,
    **probes_threads.PROBES,
    **probes_work.PROBES,
}
