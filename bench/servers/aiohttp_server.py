"""The same answers by aiohttp: `python3 aiohttp_server.py PORT [access-log]`, or `gunicorn aiohttp_server:app`."""

import logging
import sys

from aiohttp import web


async def hello(request):
    return web.Response(text='Hello, world')


async def json(request):
    return web.json_response({'message': 'Hello, world', 'id': 42, 'list': [1, 2, 3]})


async def user(request):
    return web.Response(text=f"user {request.match_info['id']}")


async def posted(request):
    return web.Response(text='posted')


async def found(request):
    raise web.HTTPFound('/json')


app = web.Application()
app.add_routes([
    web.get('/', hello),
    web.get('/json', json),
    web.get('/user/{id}', user),
    web.post('/posted', posted),
    web.get('/found', found),
])

if __name__ == '__main__':
    logged = sys.argv[2:] == ['access-log']
    if logged:
        logging.basicConfig(level=logging.INFO, filename='/dev/null')
    logger = {} if logged else {'access_log': None}
    web.run_app(app, host='127.0.0.1', port=int(sys.argv[1]), print=None, **logger)
