/**
 * Helpers for tests of applications: servers and clients that close themselves, and fakes of outgoing HTTP.
 *
 * @module
 */

export { mockClient, MockClient, type MockReply, type MockRequest, type Replier } from './mock-client.ts'
export { TestClient, testClient, type TestClientOptions } from './test-client.ts'
export { type TestContext } from './test-context.ts'
export { rawServer, TestServer, testServer, type RawHandler, type TestServerOptions } from './test-server.ts'
export { unusedPort } from './unused-port.ts'
