"""dcmanon of PyPI has no command line: its default profile, file by file.  python dcmanon_folder.py IN OUT"""

import os
import sys

from dcmanon import Anonymizer  # type: ignore[import-not-found]

source, destination = sys.argv[1:]
os.makedirs(destination)
anonymizer = Anonymizer()
for name in sorted(os.listdir(source)):
    data = anonymizer.anonymize(os.path.join(source, name))
    with open(os.path.join(destination, name), "wb") as file:
        file.write(data)
