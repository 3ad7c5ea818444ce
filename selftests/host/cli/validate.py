#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""usage: validate.py SCHEMAS KEPT [COMMAND...]

Hold what the command printed as JSON against its schemas. KEPT has, of each
run, NR.json and NR.args, an argument a line; SCHEMAS is tools/schema. Of a
watch, or of a diff, the command inside it says which schema it is; a diff of
recordings, which are called *.rec, has its own. Prints what does not fit, and at
the end how many objects of how many schemas did.
"""

import json
import pathlib
import sys

import jsonschema


def load(folder):
    """The schemas by command; each knows the others by their names."""
    files = {path.stem: json.loads(path.read_text())
             for path in pathlib.Path(folder).glob("*.json")}
    store = {schema["$id"]: schema for schema in files.values()}
    validators = {}
    for name, schema in files.items():
        jsonschema.Draft202012Validator.check_schema(schema)
        resolver = jsonschema.RefResolver(schema["$id"], schema, store)
        validators[name] = jsonschema.Draft202012Validator(
            schema, resolver=resolver)
    return validators


def schema_of(args, validators):
    """The name of the schema for a run with these arguments."""
    commands = [arg for arg in args if arg in validators]
    if "--help" in args or "-h" in args or commands[:1] == ["help"]:
        return "help"
    if "--version" in args:
        return "version"
    if "diff" in args and any(arg.endswith(".rec") for arg in args):
        return "diff-recordings"
    outer = [arg for arg in args if arg in ("watch", "diff")]
    if outer and not commands:
        return "show"
    if commands[:1] == ["why"] and {"--start", "-s"} & set(args):
        return "why-start"
    if commands[:1] == ["why"] and {"--end", "-e"} & set(args):
        return "why-end"
    return (commands or ["show"])[0]


def objects(text):
    """A watch prints one after another."""
    decoder = json.JSONDecoder()
    text = text.strip()
    while text:
        value, end = decoder.raw_decode(text)
        yield value
        text = text[end:].lstrip()


def main():
    validators = load(sys.argv[1])
    seen = {}
    bad = 0
    for kept in sorted(pathlib.Path(sys.argv[2]).glob("*.args")):
        args = kept.read_text().splitlines()
        name = schema_of(args, validators)
        for value in objects(kept.with_suffix(".json").read_text()):
            seen[name] = seen.get(name, 0) + 1
            for error in validators[name].iter_errors(value):
                bad += 1
                where = "/".join(str(step) for step in error.absolute_path)
                print(f"{name}: {' '.join(args)}: {where}:"
                      f" {error.message[:200]}")
    unseen = sorted((set(sys.argv[3:]) & set(validators)) - set(seen))
    print(f"{sum(seen.values())} objects of {len(seen)} schemas;"
          f" none of: {' '.join(unseen) or '-'}")
    return 1 if bad or unseen else 0


if __name__ == "__main__":
    sys.exit(main())
