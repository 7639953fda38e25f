"""Every workload, in the order of the table."""

from __future__ import annotations

from benchmarks.workloads import folders, large, listings, million, puts, small

WORKLOADS = (
    *small.WORKLOADS,
    *puts.WORKLOADS[:2],
    *listings.WORKLOADS,
    *large.WORKLOADS,
    *folders.WORKLOADS,
    *puts.WORKLOADS[2:],
    *million.WORKLOADS,
)
BY_NAME = {workload.name: workload for workload in WORKLOADS}
