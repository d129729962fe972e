"""The real store in a process that is killed, and on a disk that loses what was not flushed. `benchmarks/crash.py`."""
