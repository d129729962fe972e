"""Configuration -> running station. The only place that sees the station and its adapters together."""

from inspection.build.line import RunOptions, build_station

__all__ = ["RunOptions", "build_station"]
