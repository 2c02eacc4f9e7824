"""Options and site overrides, compiled into one action per attribute and level."""

from deident.profile.decision import Action, Decision
from deident.profile.model import Option, PixelRisk, Profile, Strategy
from deident.profile.presets import DEFAULT_PRESET, PRESETS, preset

__all__ = ["DEFAULT_PRESET", "PRESETS", "Action", "Decision", "Option", "PixelRisk", "Profile", "Strategy", "preset"]
