#!/usr/bin/python3
"""The JSON Schema that `slm-graph schema` prints agrees with the loader: what loads conforms, what is misspelt does not.

    schema_test.py SLM_GRAPH_PROGRAM VALID_PIPELINE... -- MISSPELT_PIPELINE...
"""

import json
import subprocess
import sys

import jsonschema
import yaml


class Yaml12Loader(yaml.SafeLoader):
    """PyYAML reads YAML 1.1, where the key `on` is true; editors and slm-graph read YAML 1.2."""


Yaml12Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool" or first in "tTfF"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}


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
            errors = list(validator.iter_errors(yaml.load(stream, Yaml12Loader)))
        if bool(errors) != (position > separator):
            wrong += 1
            print(f"{file}: {errors[0].message if errors else 'conforms, and should not'}")
    print(f"{len(files) - 1 - wrong} passed, {wrong} failed")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
