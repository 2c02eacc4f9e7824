"""The yardstick: pydicom reads every file of a folder and writes it again, unchanged.  python pydicom_copy.py IN OUT"""

import os
import sys

import pydicom

source, destination = sys.argv[1:]
os.makedirs(destination)
for name in sorted(os.listdir(source)):
    pydicom.dcmread(os.path.join(source, name)).save_as(os.path.join(destination, name))
