"""aiohttp's client, as load.ts drives the others: `python3 aiohttp_client.py PORT METHOD SECONDS` prints one sample."""

import asyncio
import json
import sys
import time

from aiohttp import ClientSession

CONNECTIONS = 64
CHOICE = {"choice": 3, "voter": "guest", "comment": "Just hacking again"}


async def main(port: int, method: str, seconds: float) -> None:
    url = f"http://127.0.0.1:{port}/polls/1"
    body = {"json": CHOICE} if method == "POST" else {}
    requests = 0
    async with ClientSession() as session:

        async def ask(end: float) -> None:
            nonlocal requests
            while time.perf_counter() < end:
                async with session.request(method, url, **body) as response:
                    await response.json()
                requests += 1

        begin, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(ask(begin + seconds) for _ in range(CONNECTIONS)))
        took, cpu = time.perf_counter() - begin, time.process_time() - cpu
    print(json.dumps({"rate": requests / took, "cpu": cpu * 1e6 / requests}))


port, method, seconds = sys.argv[1:]
asyncio.run(main(int(port), method, float(seconds)))
