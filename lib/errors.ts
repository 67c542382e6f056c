/**
 * Every usage error of the package on one page: wrong option, wrong order, wrong value.
 *
 * For the developer who calls us. What a client gets told is an `HTTPException` (plugins/exceptions).
 *
 * @module
 */

import createError from '@fastify/error'

/** An option that does not exist. Arguments: option, where, what is allowed. */
export const AIO_ERR_OPTION_UNKNOWN = createError<[string, string, string]>(
  'AIO_ERR_OPTION_UNKNOWN', 'Unknown option "%s" for %s: allowed are %s', 500, TypeError)

/** An option of the wrong type or out of range. Arguments: option, where, what was expected, what came. */
export const AIO_ERR_OPTION_INVALID = createError<[string, string, string, string]>(
  'AIO_ERR_OPTION_INVALID', 'Invalid option "%s" for %s: expected %s, got %s', 500, TypeError)

/** An argument of the wrong type or out of range. Arguments: argument, where, what was expected, what came. */
export const AIO_ERR_ARGUMENT_INVALID = createError<[string, string, string, string]>(
  'AIO_ERR_ARGUMENT_INVALID', 'Invalid %s for %s: expected %s, got %s', 500, TypeError)

/** A header name that is no token (RFC 9110, section 5.1). Argument: the name. */
export const AIO_ERR_HEADER_NAME = createError<[string]>(
  'AIO_ERR_HEADER_NAME', 'Invalid header name %s: expected a token of RFC 9110', 500, TypeError)

/** A header value with CR, LF or another control character. Arguments: header, value. */
export const AIO_ERR_HEADER_VALUE = createError<[string, string]>(
  'AIO_ERR_HEADER_VALUE', 'Invalid value for header "%s": expected no control characters, got %s',
  500, TypeError)

/** A reason phrase with CR, LF or another control character. Argument: the phrase. */
export const AIO_ERR_REASON = createError<[string]>(
  'AIO_ERR_REASON', 'Invalid reason phrase: expected no control characters, got %s', 500, TypeError)

/** A Unix socket's path that cannot be used. Arguments: path, why. */
export const AIO_ERR_SITE_PATH = createError<[string, string]>(
  'AIO_ERR_SITE_PATH', 'Cannot listen at the path "%s": %s')

/** A site of a runner that is not set up. Argument: the site's class. */
export const AIO_ERR_RUNNER_NOT_SET_UP = createError<[string]>(
  'AIO_ERR_RUNNER_NOT_SET_UP', 'Cannot make a %s: call "await runner.setup()" first')

/** A runner that is shutting down, or has. Argument: what was asked for. */
export const AIO_ERR_RUNNER_CLOSED = createError<[string]>(
  'AIO_ERR_RUNNER_CLOSED', 'Cannot %s: the runner is shutting down or has been cleaned up')

/** A site started twice. Argument: the site's name. */
export const AIO_ERR_SITE_STARTED = createError<[string]>(
  'AIO_ERR_SITE_STARTED', 'Cannot start the site %s: it has been started already')

/** A site stopped that does not listen. Argument: the site's name. */
export const AIO_ERR_SITE_NOT_STARTED = createError<[string]>(
  'AIO_ERR_SITE_NOT_STARTED', 'Cannot stop the site %s: it is not listening')

/** A named pipe outside Windows. Argument: the platform. */
export const AIO_ERR_NAMED_PIPE = createError<[string]>(
  'AIO_ERR_NAMED_PIPE', 'Named pipes exist on Windows only, this is %s: use UnixSite')

/** A part of the shutdown that took too long. Arguments: what, its limit in milliseconds. */
export const AIO_ERR_SHUTDOWN_TIMEOUT = createError<[string, number]>(
  'AIO_ERR_SHUTDOWN_TIMEOUT', '%s did not end within %s ms')

/** Something was added after startup. Argument: what. */
export const AIO_ERR_APP_FROZEN = createError<[string]>(
  'AIO_ERR_APP_FROZEN', 'Cannot add %s: the app has already started')

/** The app was closed in the middle of its startup. */
export const AIO_ERR_APP_CLOSED = createError(
  'AIO_ERR_APP_CLOSED', 'Cannot go on starting: the app was closed meanwhile')

/** A state key that is missing and has no fallback. Arguments: key, where. */
export const AIO_ERR_STATE_MISSING = createError<[string, string]>(
  'AIO_ERR_STATE_MISSING', 'Missing key "%s" in %s: expected set() before get(), or a fallback', 500, RangeError)

/** State that was changed after startup. Argument: the key. */
export const AIO_ERR_STATE_FROZEN = createError<[string]>(
  'AIO_ERR_STATE_FROZEN', 'Cannot change key "%s" of app.state: the app has already started')

/** A state key that was set twice. Argument: the key. */
export const AIO_ERR_STATE_DUPLICATE = createError<[string]>(
  'AIO_ERR_STATE_DUPLICATE', 'Cannot set key "%s" of app.state: it has a value already; replace() overwrites it')

/** Something that is no state key. Arguments: where, the expected class, what came. */
export const AIO_ERR_STATE_KEY = createError<[string, string, string]>(
  'AIO_ERR_STATE_KEY', 'Invalid key for %s: expected an instance of %s, got %s', 500, TypeError)

/** A receiver that did not settle in time. Arguments: signal, receiver, milliseconds. */
export const AIO_ERR_HOOK_TIMEOUT = createError<[string, string, number]>(
  'AIO_ERR_HOOK_TIMEOUT', 'The %s receiver "%s" has not settled within %d ms')

/** A receiver that threw something that is no Error. Arguments: signal, receiver, what was thrown. */
export const AIO_ERR_HOOK_THROWN = createError<[string, string, string]>(
  'AIO_ERR_HOOK_THROWN', 'The %s receiver "%s" threw no Error: got %s')

/** A cleanup context of the wrong kind. Arguments: context, what it returned. */
export const AIO_ERR_CONTEXT_INVALID = createError<[string, string]>(
  'AIO_ERR_CONTEXT_INVALID',
  'Invalid cleanup context "%s": expected an async generator or an AsyncDisposable, got %s', 500, TypeError)

/** A cleanup context that ended without a yield. Argument: the context. */
export const AIO_ERR_CONTEXT_NO_YIELD = createError<[string]>(
  'AIO_ERR_CONTEXT_NO_YIELD', 'Cannot enter cleanup context "%s": expected one yield, got none')

/** A cleanup context that yielded again on leaving. Argument: the context. */
export const AIO_ERR_CONTEXT_YIELDS = createError<[string]>(
  'AIO_ERR_CONTEXT_YIELDS', 'Cannot leave cleanup context "%s": expected one yield, got more')

/** A redirection without a target. Argument: the class. */
export const AIO_ERR_LOCATION = createError<[string, string]>(
  'AIO_ERR_LOCATION', 'Invalid location for %s: expected a non-empty URL, got %s', 500, TypeError)

/** Two options that exclude each other. Arguments: first option, second option, where. */
export const AIO_ERR_OPTION_CONFLICT = createError<[string, string, string]>(
  'AIO_ERR_OPTION_CONFLICT', 'Cannot use %s together with %s for %s: expected one of them', 500, TypeError)

/** A body nobody can send. Arguments: where, what came. */
export const AIO_ERR_BODY = createError<[string, string]>(
  'AIO_ERR_BODY',
  'Invalid body for %s: expected a string, bytes, a stream, an async iterable or null, got %s', 500, TypeError)

/** A media type that is none, or has a charset inside. Arguments: what came. */
export const AIO_ERR_CONTENT_TYPE = createError<[string]>(
  'AIO_ERR_CONTENT_TYPE', 'Invalid contentType: expected type/subtype without a charset, got %s', 500, TypeError)

/** A charset Node cannot encode. Argument: the charset. */
export const AIO_ERR_CHARSET = createError<[string]>(
  'AIO_ERR_CHARSET', 'Invalid charset: expected utf-8, utf-16le, iso-8859-1 or us-ascii, got %s', 500, TypeError)

/** A cookie name that is no token, or a reserved word. Argument: the name. */
export const AIO_ERR_COOKIE_NAME = createError<[string]>(
  'AIO_ERR_COOKIE_NAME', 'Invalid cookie name: expected a token that is no cookie attribute, got %s', 500, TypeError)

/** A cookie value or attribute that cannot be sent. Arguments: what, cookie, what came. */
export const AIO_ERR_COOKIE_VALUE = createError<[string, string, string]>(
  'AIO_ERR_COOKIE_VALUE', 'Invalid %s for cookie "%s": got %s', 500, TypeError)

/** A websocket used before it was prepared. Argument: what was tried. */
export const AIO_ERR_WS_NOT_PREPARED = createError<[string]>(
  'AIO_ERR_WS_NOT_PREPARED', 'Cannot %s: call .prepare() first')

/** A websocket prepared twice. */
export const AIO_ERR_WS_PREPARED = createError<[]>(
  'AIO_ERR_WS_PREPARED', 'Cannot prepare a websocket twice: create another WebSocketResponse')

/** A websocket that has closed. Argument: what was tried. */
export const AIO_ERR_WS_CLOSED = createError<[string, { cause: Error }?]>(
  'AIO_ERR_WS_CLOSED', 'Cannot %s: the websocket is closed')

/** Two readers of one websocket. */
export const AIO_ERR_WS_RECEIVING = createError<[]>(
  'AIO_ERR_WS_RECEIVING', 'Cannot receive: another receive() is waiting already')

/** Nothing came in time; the websocket stays open. Argument: milliseconds. */
export const AIO_ERR_WS_RECEIVE_TIMEOUT = createError<[number]>(
  'AIO_ERR_WS_RECEIVE_TIMEOUT', 'Received nothing for %s ms')

/** A peer that is gone. Argument: milliseconds. */
export const AIO_ERR_WS_HEARTBEAT = createError<[number]>(
  'AIO_ERR_WS_HEARTBEAT', 'No PONG received after %s ms')

/** A message of another type than the reader wants. Arguments: type, expected types. */
export const AIO_ERR_WS_MESSAGE_TYPE = createError<[string, string]>(
  'AIO_ERR_WS_MESSAGE_TYPE', 'Received a %s message, expected %s', 500, TypeError)

/** A websocket prepared where the plugin is not registered. */
export const AIO_ERR_WS_PLUGIN = createError<[]>(
  'AIO_ERR_WS_PLUGIN', 'Cannot prepare a websocket: register the websockets plugin first')

/** A frame or message that breaks the protocol or a limit. Argument: what is wrong with it. */
export const AIO_ERR_WS_PROTOCOL = createError<[string, { cause: Error }?]>(
  'AIO_ERR_WS_PROTOCOL', 'The peer broke the protocol: %s')

/** A peer that did not answer a close frame. Argument: milliseconds. */
export const AIO_ERR_WS_CLOSE_TIMEOUT = createError<[number]>(
  'AIO_ERR_WS_CLOSE_TIMEOUT', 'No close frame received after %s ms')

/** A connection that ended without a close frame. */
export const AIO_ERR_WS_BROKEN = createError<[]>(
  'AIO_ERR_WS_BROKEN', 'The connection ended without a close frame')

/** A websocket written to as if it were a stream. */
export const AIO_ERR_WS_WRITE = createError<[]>(
  'AIO_ERR_WS_WRITE', 'Cannot write to a websocket: use sendStr() or sendBytes()')

/** A websocket whose status was to be changed. */
export const AIO_ERR_WS_STATUS = createError<[]>(
  'AIO_ERR_WS_STATUS', 'Cannot change the status of a websocket: it is always 101')

/** An optional package that is needed and not installed. Arguments: package, what needs it. */
export const AIO_ERR_PACKAGE_MISSING = createError<[string, string, { cause: Error }?]>(
  'AIO_ERR_PACKAGE_MISSING', 'Cannot find the package "%s", which %s needs: install it beside this one')

/** Two readers of one body at the same time. */
export const AIO_ERR_BODY_READING = createError<[]>(
  'AIO_ERR_BODY_READING', 'Cannot read the body: another read is waiting for it already')

/** A body that ended before the bytes that were asked for. Arguments: bytes that came, bytes wanted. */
export const AIO_ERR_INCOMPLETE_READ = createError<[number, number]>(
  'AIO_ERR_INCOMPLETE_READ', 'The body ended after %d bytes, expected %d', 400)

/** A path that is none. Arguments: path, why. */
export const AIO_ERR_ROUTE_PATH = createError<[string, string]>(
  'AIO_ERR_ROUTE_PATH', 'Invalid path %s: %s', 500, TypeError)

/** A method that is none. Arguments: method, why. */
export const AIO_ERR_ROUTE_METHOD = createError<[string, string]>(
  'AIO_ERR_ROUTE_METHOD', 'Invalid method %s: %s', 500, TypeError)

/** A handler that is none. Arguments: route, what came. */
export const AIO_ERR_ROUTE_HANDLER = createError<[string, string]>(
  'AIO_ERR_ROUTE_HANDLER', 'Invalid handler for %s: expected a function or a subclass of View, got %s', 500, TypeError)

/** A route behind one that takes all its requests. Arguments: method, path, the earlier method. */
export const AIO_ERR_ROUTE_DUPLICATE = createError<[string, string, string]>(
  'AIO_ERR_ROUTE_DUPLICATE', 'Cannot add the route %s %s: it would never run, %s is there already')

/** A name that is none, or is taken. Arguments: name, why. */
export const AIO_ERR_ROUTE_NAME = createError<[string, string]>(
  'AIO_ERR_ROUTE_NAME', 'Invalid route name %s: %s', 500, TypeError)

/** A URL for a name nobody has. Arguments: name, the names there are. */
export const AIO_ERR_ROUTE_UNKNOWN = createError<[string, string]>(
  'AIO_ERR_ROUTE_UNKNOWN', 'No route has the name %s: there are %s', 500, RangeError)

/** A URL without a value for a variable. Arguments: variable, path, what came. */
export const AIO_ERR_ROUTE_PARAMS = createError<[string, string, string]>(
  'AIO_ERR_ROUTE_PARAMS', 'Invalid value for "%s" of the path %s: expected a string or a number, got %s', 500, TypeError)

/** More routes than Fastify's router can tell apart. Argument: the path that was too much. */
export const AIO_ERR_ROUTE_LIMIT = createError<[string]>(
  'AIO_ERR_ROUTE_LIMIT',
  'Cannot add the route "%s": at most 30 with expressions and options may begin with the same text')

/** A decorator on something that cannot be a handler. Argument: what it stands on. */
export const AIO_ERR_DECORATOR = createError<[string]>(
  'AIO_ERR_DECORATOR', 'Cannot decorate %s: expected a method or a class, and standard decorators (TC39)', 500, TypeError)

/** A domain that is none. Arguments: domain, why. */
export const AIO_ERR_DOMAIN = createError<[string, string]>(
  'AIO_ERR_DOMAIN', 'Invalid domain %s: %s', 500, TypeError)

/** A stream response whose reply nobody knows. */
export const AIO_ERR_RESPONSE_REPLY = createError<[]>(
  'AIO_ERR_RESPONSE_REPLY',
  'Cannot prepare the response: expected prepare(request, reply) in a handler of Fastify\'s own routes')

/** A step in the life of a response at the wrong time. Arguments: what was tried, why not. */
export const AIO_ERR_RESPONSE_STATE = createError<[string, string]>(
  'AIO_ERR_RESPONSE_STATE', 'Cannot %s: %s')

/** The client has gone in the middle of a response. */
export const AIO_ERR_RESPONSE_CLOSED = createError<[]>(
  'AIO_ERR_RESPONSE_CLOSED', 'Cannot write to the response: the connection is closed')

/** A Content-Length that is not the length of the body. Arguments: what the header says, what the body has. */
export const AIO_ERR_RESPONSE_LENGTH = createError<[number, number | string]>(
  'AIO_ERR_RESPONSE_LENGTH', 'Wrong Content-Length of %s bytes: the body has %s')

/** An entity tag that cannot be sent. Argument: what came. */
export const AIO_ERR_ETAG = createError<[string]>(
  'AIO_ERR_ETAG', 'Invalid entity tag: expected visible characters without quotes, got %s', 500, TypeError)

/** A file that is not there, or is no file; for the client it is 404. Argument: the path. */
export const AIO_ERR_FILE_MISSING = createError<[string]>(
  'AIO_ERR_FILE_MISSING', 'There is no file at "%s"', 404)

/** A file that must not be read; for the client it is 403. Argument: the path. */
export const AIO_ERR_FILE_FORBIDDEN = createError<[string]>(
  'AIO_ERR_FILE_FORBIDDEN', 'The file at "%s" cannot be read', 403)
