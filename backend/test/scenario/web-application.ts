import { createHash } from 'node:crypto';

/** What a site's application does in these tests, in plain Node.js on port 8080: each path shows one thing that a proxy can spoil. */
function application(): void {
  /* eslint-disable @typescript-eslint/no-require-imports -- it runs by `node -e`, where there is no other way */
  const http = require('node:http') as typeof import('node:http');
  const crypto = require('node:crypto') as typeof import('node:crypto');
  /* eslint-enable @typescript-eslint/no-require-imports */
  const chunk = Buffer.alloc(65_536, 'x');
  const server = http.createServer({ maxHeaderSize: 65_536 }, (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://application');
    const size = Number(searchParams.get('bytes') ?? 0);
    if (pathname === '/headers') {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(request.headers));
    } else if (pathname === '/events') {
      response.setHeader('content-type', 'text/event-stream').write('data: first\n\n');
      setTimeout(() => response.end('data: last\n\n'), 3000);
    } else if (pathname === '/upload') {
      let received = 0;
      request.on('data', (data: Buffer) => (received += data.length)).on('end', () => response.end(String(received)));
    } else if (pathname === '/download') {
      let sent = 0;
      response.setHeader('content-length', size);
      const more = () => {
        while (sent < size) {
          const part = chunk.subarray(0, Math.min(chunk.length, size - sent));
          sent += part.length;
          if (!response.write(part)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    } else if (pathname === '/wait') {
      setTimeout(() => response.end('waited\n'), Number(searchParams.get('ms') ?? 0));
    } else if (pathname === '/work') {
      for (const end = performance.now() + Number(searchParams.get('ms') ?? 0); performance.now() < end;);
      response.end('worked\n');
    } else if (pathname === '/bad-gateway') {
      response.writeHead(502).end('my own 502');
    } else if (pathname === '/large-header') {
      response.setHeader('x-large', 'x'.repeat(size)).end('large');
    } else if (pathname === '/early') {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' }, () => response.end('early'));
    } else if (pathname === '/text') {
      response.setHeader('content-type', 'text/plain').end('compressible '.repeat(1000));
    } else {
      response.end(`${process.env['SAYS'] ?? 'hello'}\n`);
    }
  });
  server.on('upgrade', (request, socket) => {
    const accept = crypto
      .createHash('sha1')
      .update(`${request.headers['sec-websocket-key'] ?? ''}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    // Short text frames, as the client sends them: masked.
    socket.on('data', (frame: Buffer) => {
      const length = (frame[1] ?? 0) & 127;
      const text = frame.subarray(6, 6 + length).map((byte, index) => byte ^ (frame[2 + (index % 4)] ?? 0));
      socket.write(Buffer.concat([Buffer.of(0x81, length), text]));
    });
    socket.on('error', () => socket.destroy());
  });
  server.listen(8080, '0.0.0.0');
  process.on('SIGTERM', () => process.exit(0));
}

/** Fields of a deployment that runs it. */
export const WEB_APPLICATION = {
  image: 'node',
  tag: '22-slim',
  command: ['node', '-e', `(${application.toString()})()`],
  ports: [{ container: 8080 }],
};

/** One that is nothing but a page, for where there are many of them. */
export const SMALL_WEB_APPLICATION = {
  name: 'web',
  image: 'busybox',
  tag: '1.36',
  command: ['sh', '-c', 'mkdir /tmp/www; echo hello >/tmp/www/index.html; exec httpd -f -p 8080 -h /tmp/www'],
  ports: [{ container: 8080 }],
};

/** Names are limited to so many certificates a week, also here: every run has its own. */
export function uniqueDomain(word: string): string {
  const random = createHash('sha256').update(`${Math.random()}`).digest('hex').slice(0, 8);
  return `${word}-${random}.example.com`;
}
