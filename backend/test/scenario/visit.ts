import type { ClientRequest, IncomingHttpHeaders } from 'node:http';

export interface Visit {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Sends the request and reads the whole answer. */
export function visit(request: ClientRequest, body: string | undefined): Promise<Visit> {
  const { promise, resolve, reject } = Promise.withResolvers<Visit>();
  request.setTimeout(20_000, () => request.destroy(new Error('no answer within 20 s')));
  request.once('error', reject).once('response', (answer) => {
    let text = '';
    answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    answer.once('error', reject);
    answer.once('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }));
  });
  request.end(body);
  return promise;
}
