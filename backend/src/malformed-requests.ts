import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { DomainError } from './common/errors/domain-error.js';
import { definitionOf, toProblem } from './common/filters/problem.js';
import { newId } from './common/time/id-source.js';

/** Answers what Node.js refuses before there is a request (RFC 9112 syntax, header size, timeouts) as every other error. */
export function answerMalformedRequests(server: Server): void {
  const responses = new WeakMap<Duplex, ServerResponse>();
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => responses.set(socket, response));
  server.on('clientError', (failure: NodeJS.ErrnoException, socket: Duplex) => {
    const response = responses.get(socket);
    const isAnswering = response && response.headersSent && !response.writableFinished;
    if (isAnswering || failure.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else socket.end(answerOf(errorOf(failure.code)));
  });
}

function errorOf(code: string | undefined): DomainError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new DomainError('HEADERS_TOO_LARGE', {
        detail: 'The URL and the headers are larger than 16 KiB.',
        hint: 'Send long values in a JSON body.',
      });
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new DomainError('REQUEST_TIMEOUT', { detail: 'The request did not arrive in time.' });
    default:
      return new DomainError('MALFORMED_REQUEST', { detail: 'The request is not valid HTTP/1.1.' });
  }
}

function answerOf(error: DomainError): string {
  const id = newId();
  const { status } = definitionOf(error);
  const body = JSON.stringify(toProblem(error, { path: '', id, now: new Date() }));
  const headers = {
    'Content-Type': 'application/problem+json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'X-Request-Id': id,
    'Cache-Control': 'no-store',
    Connection: 'close',
  };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${head.join('')}\r\n${body}`;
}
