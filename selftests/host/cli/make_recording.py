#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""usage: make_recording.py TEMPLATE OUT <SPEC

Make a recording of what SPEC tells, with the formats of events that TEMPLATE, a
recording, has. SPEC is JSON: "pid", "command", "wall" (the wall clock when it
begins, in seconds since 1970), "seconds" (how long it lasts), and "maps": of
each its "at" and "took" in seconds, "bytes" and "backing". A process begins at
0 and maps these; a BAR is 4, as the module's events number backings.
"""

import json
import re
import struct
import sys
import zlib

MAGIC = b"iovascope-rec 1\n"
HEAD, FORMAT, PAGE, END = 1, 2, 3, 4
BEGAN = 1000 * 10**9


def chunk(kind, data):
    """A chunk with its checksum, which is of a head without one, too."""
    head = struct.pack("<IHHI", kind, 0, 0, len(data))
    crc = zlib.crc32(data, zlib.crc32(head + bytes(4)))
    return head + struct.pack("<I", crc) + data


def formats_of(path):
    """The formats of a recording: chunks as they are, and events by name."""
    data = open(path, "rb").read()
    chunks, events, at = [], {}, len(MAGIC)
    while at + 16 <= len(data):
        kind, _, _, size, _ = struct.unpack_from("<IHHII", data, at)
        body = data[at + 16:at + 16 + size]
        at += 16 + size
        if kind != FORMAT:
            continue
        chunks.append(body)
        text = body.split(b"\0", 1)[1].decode()
        fields = re.findall(
            r"field:[^;]*?(\w+)(?:\[\])?;\s*offset:(\d+);\s*size:(\d+)", text)
        name = re.search(r"name: (\w+)", text)[1]
        events[name] = (int(re.search(r"ID: (\d+)", text)[1]),
                        {field: (int(off), int(size))
                         for field, off, size in fields})
    return chunks, events


def page(events, name, ns, task, **values):
    """A page of a ring that has this event only."""
    number, fields = events[name]
    size = max(off + size for off, size in fields.values()) + 3 & ~3
    data = bytearray(size)
    values.update(common_type=number, common_pid=task)
    for field, value in values.items():
        off, width = fields[field]
        data[off:off + width] = value.to_bytes(width, "little")
    # Of a length that its head has no room for: it is in front of the data.
    event = struct.pack("<II", 0, size + 4) + data
    return struct.pack("<QQ", BEGAN + ns, len(event)) + event


def main():
    spec = json.load(sys.stdin)
    chunks, events = formats_of(sys.argv[1])
    pid, end = spec["pid"], int(spec["seconds"] * 1e9)
    pages = [page(events, "sched_process_exec", 0, pid, old_pid=pid)]
    for number, call in enumerate(spec["maps"]):
        took = int(call["took"] * 1e9)
        ends = int(round(call["at"] * 1e9)) + took
        where = {"iova": number << 40, "bytes": call["bytes"]}
        pages.append(page(events, "pin", ends - 2000, pid, ret=0,
                          backing=call["backing"],
                          duration_ns=took - 4000, **where))
        pages.append(page(events, "region", ends, pid, ret=0, map=1,
                          duration_ns=took, **where))
    pages.append(page(events, "sched_process_exit", end, pid, pid=pid))
    head = {"format": 1, "version": "0", "module": "0", "kernel": "0",
            "host": "made-up", "time": "made up", "cpus": 1,
            "command": spec["command"], "pid": pid, "began_ns": BEGAN,
            "wall_clock_ns": int(round(spec["wall"] * 1e9))}
    last = {"end": "exit", "exit_code": 0, "ended_ns": BEGAN + end,
            "lost_events": 0}
    with open(sys.argv[2], "wb") as out:
        out.write(MAGIC + chunk(HEAD, json.dumps(head).encode()))
        for body in chunks:
            out.write(chunk(FORMAT, body))
        for body in pages:
            out.write(chunk(PAGE, body))
        out.write(chunk(END, json.dumps(last).encode()))


if __name__ == "__main__":
    main()
