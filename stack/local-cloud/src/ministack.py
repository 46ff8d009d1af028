"""MiniStack, with ranges of versions.

It answers a ranged read of a version with the whole object, where S3 answers with the range. Who reads a large
object by ranges, each of a pinned version, would read all of it for each.
"""

import sys

from ministack import app
from ministack.services import s3

read = s3._get_object


def read_range(bucket, key, headers, query_params=None):
    status, said, body = read(bucket, key, headers, query_params)
    wanted = headers.get("range")
    if status != 200 or not wanted:
        return status, said, body
    found = s3._parse_range(wanted, len(body))
    if found is None:
        return 416, {"Content-Range": f"bytes */{len(body)}"}, b""
    start, end = found
    said = {name: value for name, value in said.items() if not name.lower().startswith("x-amz-checksum")}
    said |= {"Content-Length": str(end + 1 - start), "Content-Range": f"bytes {start}-{end}/{len(body)}"}
    return 206, said, body[start:end + 1]


s3._get_object = read_range
sys.exit(app.main())
