"""Strict models of a site's configuration. `load_site` reads a directory or refuses it with every problem in it."""

from inspection.config.camera import CameraConfig, FolderCameraConfig, WatchedCameraConfig
from inspection.config.challenge import ChallengeConfig, GoldenPartConfig
from inspection.config.drift import DriftConfig
from inspection.config.evidence import EvidenceConfig
from inspection.config.line import (
    DryGateConfig,
    FrameConfig,
    GateTriggerConfig,
    LineConfig,
    LogConfig,
    SerialGateConfig,
    ShiftConfig,
    TimerTriggerConfig,
    WatchedTriggerConfig,
)
from inspection.config.modbus import ModbusGateConfig, ModbusMapConfig
from inspection.config.problems import ConfigProblems, Problem
from inspection.config.reactions import ReactionsConfig
from inspection.config.recipe import DescriptionConfig, RecipeConfig
from inspection.config.region import AlignConfig, RegionConfig, TilesConfig
from inspection.config.relay import LineInputTriggerConfig, RelayGateConfig
from inspection.config.site import Site, load_site
from inspection.config.supervision import SupervisionConfig

__all__ = [
    "AlignConfig",
    "CameraConfig",
    "ChallengeConfig",
    "ConfigProblems",
    "DescriptionConfig",
    "DriftConfig",
    "DryGateConfig",
    "EvidenceConfig",
    "FolderCameraConfig",
    "FrameConfig",
    "GateTriggerConfig",
    "GoldenPartConfig",
    "LineConfig",
    "LineInputTriggerConfig",
    "LogConfig",
    "ModbusGateConfig",
    "ModbusMapConfig",
    "Problem",
    "ReactionsConfig",
    "RecipeConfig",
    "RegionConfig",
    "RelayGateConfig",
    "SerialGateConfig",
    "ShiftConfig",
    "Site",
    "SupervisionConfig",
    "TilesConfig",
    "TimerTriggerConfig",
    "WatchedCameraConfig",
    "WatchedTriggerConfig",
    "load_site",
]
