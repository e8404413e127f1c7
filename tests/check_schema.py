"""Holds an SPDX 3 document against its JSON schema: check_schema.py SCHEMA DOCUMENT.

The schema lets an element of the graph be any of some hundred classes, and every class wants its own
`type`. So each element is held against the class that its type names, which decides the same in a
hundredth of the time; the rest of the document against the schema as it is.
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

reasons = []


def hold(against, part, where):
    for error in jsonschema.Draft202012Validator(against).iter_errors(part):
        place = "/".join(map(str, [where, *error.absolute_path]))
        reasons.append(f"{place}: {error.message[:2000]}")


hold(schema, {**document, "@graph": []}, "document")
for number, element in enumerate(document["@graph"]):
    kind = element.get("type")
    if kind not in schema["$defs"] or f"{kind}_props" not in schema["$defs"]:
        reasons.append(f"@graph/{number}: '{kind}' is no class")
        continue
    hold({"$schema": schema["$schema"], "$ref": f"#/$defs/{kind}", "unevaluatedProperties": False,
          "$defs": schema["$defs"]}, element, f"@graph/{number}")
print("\n".join(reasons[:20]))
sys.exit(1 if reasons else 0)
