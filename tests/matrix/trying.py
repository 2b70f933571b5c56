"""Every use case with its probe."""

from tests.matrix import probes, probes_access, probes_controls

PROBES = {**probes.PROBES, **probes_access.PROBES, **probes_controls.PROBES}
