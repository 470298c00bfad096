import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const API = { 'docker-distribution-api-version': 'registry/2.0' };

/** What a registry may answer that is none, or a broken one, by name. */
export const NONSENSE: Record<string, RequestListener> = {
  'a page': (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Welcome</h1>'),
  'no JSON': (_, response) => response.writeHead(200, { ...API, 'content-type': MANIFEST }).end('{"schemaVersion":2,'),
  'another type': (_, response) => response.writeHead(200, { ...API, 'content-type': MANIFEST }).end('[[[[]]]]'),
  'a long error': (_, response) => response.writeHead(500, API).end('x'.repeat(2_000_000)),
  'control characters': (_, response) =>
    response
      .writeHead(404, API)
      .end(JSON.stringify({ errors: [{ code: 'UNKNOWN', message: '\u0000\u001b[31m\ud800' }] })),
  'a redirect to itself': (incoming, response) => response.writeHead(307, { location: incoming.url ?? '/' }).end(),
  'a closed connection': (incoming) => void incoming.socket.destroy(),
};

export interface BadRegistry {
  address: string;
  stop(): void;
}

/** On loopback, where engines speak plain HTTP. */
export async function badRegistry(listener: RequestListener): Promise<BadRegistry> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, stop };
}
