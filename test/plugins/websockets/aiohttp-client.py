"""Talks to an echo over websockets with aiohttp's own client; prints what it saw as JSON."""

import asyncio
import json
import sys

import aiohttp


async def talk(url, compress):
    seen = {}
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url + "/echo", compress=compress, protocols=("chat",)) as ws:
            seen["protocol"] = ws.protocol
            seen["compress"] = ws.compress
            await ws.send_str("grüße")
            seen["text"] = await ws.receive_str()
            await ws.send_bytes(bytes(range(256)))
            seen["binary"] = list(await ws.receive_bytes()) == list(range(256))
            await ws.send_json({"a": [1, None]})
            seen["json"] = await ws.receive_json()
            await ws.send_str("x" * 1048576)
            seen["large"] = len(await ws.receive_str())
            await ws.ping(b"p")
            await ws.close(code=4001, message=b"enough")
            seen["close"] = ws.close_code
        async with session.ws_connect(url + "/close") as ws:
            message = await ws.receive()
            seen["closed"] = [message.type.name, message.data, message.extra]
    return seen


print(json.dumps(asyncio.run(talk(sys.argv[1], int(sys.argv[2])))))
