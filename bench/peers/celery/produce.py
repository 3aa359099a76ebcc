"""produce.py bulk|trickle KIND FILE [PERIOD_MS]. Celery has no bulk call: one connection is kept for all."""

import json
import sys
import time

from tasks import app, nap, run_command

how, kind, file, *rest = sys.argv[1:]
with open(file) as lines:
    payloads = [line.rstrip("\n") for line in lines]
task = run_command
if kind == "handler":
    task, payloads = nap, [int(ms) for ms in payloads]

with app.producer_pool.acquire(block=True) as producer:
    if how == "bulk":
        begin = time.perf_counter()
        for payload in payloads:
            task.apply_async((payload,), producer=producer)
        print(json.dumps({"ms": (time.perf_counter() - begin) * 1000}))
    else:
        period = float(rest[0]) / 1000
        called_at = []
        begin = time.perf_counter()
        for index, payload in enumerate(payloads):
            wait = begin + index * period - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            called_at.append(time.time_ns() / 1e6)
            task.apply_async((payload,), producer=producer)
        print(json.dumps({"calledAt": called_at}))
