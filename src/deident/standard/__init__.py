"""The DICOM tables as data with look-ups: no policy, no actions, no parsing of instances."""
