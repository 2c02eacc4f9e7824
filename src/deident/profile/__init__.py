"""Options and site overrides, compiled into one action per attribute and level."""

from deident.profile.decision import Action, Decision
from deident.profile.model import DateMethod, Mode, Option, PixelRisk, Profile, SitePrivate, Strategy, TimeMethod
from deident.profile.override import Override, OverrideStrategy
from deident.profile.presets import DEFAULT_PRESET, PRESETS, preset

__all__ = [
    "DEFAULT_PRESET",
    "PRESETS",
    "Action",
    "DateMethod",
    "Decision",
    "Mode",
    "Option",
    "Override",
    "OverrideStrategy",
    "PixelRisk",
    "Profile",
    "SitePrivate",
    "Strategy",
    "TimeMethod",
    "preset",
]
