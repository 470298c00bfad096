import { request } from 'node:http';
import type { Problem } from './api-client.js';

export interface RawRequest {
  method: string;
  path: string;
  body?: string | undefined;
  apiKey?: string;
}

export interface RawAnswer {
  status: number;
  type: string;
  problem: Problem;
}

/** Sends a path and a body byte for byte, which fetch would not do, over a connection of its own. */
export function sendRaw(port: number, { method, path, body, apiKey }: RawRequest): Promise<RawAnswer> {
  const length =
    body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
  const headers = { ...(apiKey && { 'X-API-Key': apiKey }), ...length };
  return new Promise((resolve, reject) => {
    const call = request({ port, method, path, headers, agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        const text = Buffer.concat(parts).toString();
        const type = response.headers['content-type'] ?? '';
        const problem = (type.includes('json') ? JSON.parse(text) : {}) as Problem;
        resolve({ status: response.statusCode ?? 0, type, problem });
      });
    });
    // A body that is refused early may still be on its way when the connection closes.
    call.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EPIPE' ? undefined : reject(error)));
    call.end(body);
  });
}
