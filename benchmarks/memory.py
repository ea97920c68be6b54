"""Memory of the workers while bulk bodies of 64 MiB are taken, plain and packed.

The peak is the kernel's own (VmHWM), from the start of the worker. The limit is what a worker takes
when it has served one small body.
"""

import argparse
import gzip

from benchmarks.installation import installed
from benchmarks.processor import peak_memory
from benchmarks.report import Report, at_most
from benchmarks.usage import Post, bulk_posts, records, send, shop

SMALL = ["--mebibytes", "4"]
_MIB = 2**20


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--mebibytes", type=int, default=64)


def measure(options: argparse.Namespace, report: Report) -> None:
    """A small body, a plain one of full size, and a packed one that unpacks to the same."""
    with installed(report, workers=1) as installation:
        served = installation.served
        customers = shop(served)
        [worker] = served.process_ids("api")
        [small] = bulk_posts(records(100, customers), served.api_key, 100)
        send(served, [small], clients=1)
        before = peak_memory(worker)
        report.add("worker, a body of 100 records", before / _MIB, "MiB")
        for name, body in (
            ("plain", _body(customers, served.api_key, options.mebibytes)),
            ("gzip", _packed(_body(customers, served.api_key, options.mebibytes))),
        ):
            seconds = send(served, [body], clients=1)
            peak = peak_memory(worker)
            size = len(body[1]) / _MIB
            report.note(f"{name}: {size:.1f} MiB in {seconds:.1f} s")
            what = f"worker, {options.mebibytes} MiB {name}"
            report.add(f"{what}, peak", peak / _MIB, "MiB", at_most(300))
            report.add(f"{what}, of before", peak / before, "times")
        [projector] = served.process_ids("projector")
        installation.wait_for_projector()
        report.add("projector meanwhile, peak", peak_memory(projector) / _MIB, "MiB")


def _body(customers: list[str], key: str, mebibytes: int) -> Post:
    """One request just short of the size that a body may have."""
    [sample] = bulk_posts(records(1_000, customers), key, 1_000)
    count = mebibytes * _MIB * 1_000 // (len(sample[1]) + 1) - 1_000
    [post] = bulk_posts(records(count, customers), key, count)
    assert len(post[1]) <= mebibytes * _MIB
    return post


def _packed(post: Post) -> Post:
    path, body, headers = post
    return path, gzip.compress(body, 1), headers | {"Content-Encoding": "gzip"}
