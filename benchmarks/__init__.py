"""Side by side in one run: deident, `cp`, pydicom and other tools on generated studies, as ratios."""
