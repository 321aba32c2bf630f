"""The test bed: fresh machines, package mirrors and faults on one Linux box (docs/testing.md)."""
