/**
 * `node:http` for whoever imports it as an ES module: that reads all that Node's own exports, `WebSocket` among them, which loads the client behind
 * `fetch`: 11 MB of an otherwise empty process (measured with Node 24). What a file imports by name and this lacks stops the start.
 */
const http = process.getBuiltinModule('node:http');

export default http;
export const {
  Agent,
  ClientRequest,
  createServer,
  get,
  globalAgent,
  IncomingMessage,
  maxHeaderSize,
  METHODS,
  OutgoingMessage,
  request,
  Server,
  ServerResponse,
  setMaxIdleHTTPParsers,
  STATUS_CODES,
  validateHeaderName,
  validateHeaderValue,
} = http;
