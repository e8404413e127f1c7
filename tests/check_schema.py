"""Holds a JSON document against a JSON schema: check_schema.py SCHEMA DOCUMENT.

Exit status: 0 valid; 1 not valid, with the reasons; 77 python3-jsonschema is not there.
"""

import json
import sys

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(77)

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
with open(sys.argv[2], encoding="utf-8") as file:
    document = json.load(file)
errors = list(jsonschema.Draft202012Validator(schema).iter_errors(document))
for error in errors[:20]:
    print(f"{'/'.join(map(str, error.absolute_path))}: {error.message[:2000]}")
sys.exit(1 if errors else 0)
