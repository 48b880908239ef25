#!/usr/bin/env python3
"""The JSON Schema that `slm-graph schema` prints agrees with the loader: what loads conforms, what is misspelt does not.

    schema_test.py SLM_GRAPH_PROGRAM VALID_PIPELINE... -- MISSPELT_PIPELINE...
"""

import json
import subprocess
import sys

import jsonschema
import yaml


def main() -> int:
    program, *files = sys.argv[1:]
    separator = files.index("--")
    schema = json.loads(subprocess.run([program, "schema"], check=True, capture_output=True).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    wrong = 0
    for position, file in enumerate(files):
        if position == separator:
            continue
        with open(file, encoding="utf-8") as stream:
            errors = list(validator.iter_errors(yaml.safe_load(stream)))
        if bool(errors) != (position > separator):
            wrong += 1
            print(f"{file}: {errors[0].message if errors else 'conforms, and should not'}")
    print(f"{len(files) - 1 - wrong} passed, {wrong} failed")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
