"""The benchmarks of flowbroker: see ../README.md."""
