"""Every use case with its probe."""

from tests.matrix import probes, probes_access, probes_controls, probes_evidence, probes_signals

PROBES = {
    **probes.PROBES,
    **probes_access.PROBES,
    **probes_controls.PROBES,
    **probes_evidence.PROBES,
    **probes_signals.PROBES,
}
