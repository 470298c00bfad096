import { randomUUID } from 'node:crypto';
import type { Files } from '../testbed/git-server.js';

/** Applications as people have them in repositories; each answers HTTP with its name. */
export function nodeApplication(extra: Files = {}): Files {
  return {
    'package.json': JSON.stringify({
      name: 'shop',
      version: '1.0.0',
      private: true,
      scripts: { start: 'node server.js' },
      dependencies: { nanoid: '3.3.11' },
    }),
    'server.js': `process.on('SIGTERM', () => process.exit());
const { nanoid } = require('nanoid');
const os = require('node:os');
require('node:http')
  .createServer((request, response) => response.end(JSON.stringify({ name: 'node', id: nanoid(), env: process.env.NODE_ENV, uid: os.userInfo().uid })))
  .listen(process.env.PORT);
`,
    ...extra,
  };
}

/** As the original client has it: yarn, a build step, a port of its own. */
export function yarnApplication(): Files {
  return {
    'package.json': JSON.stringify({
      name: 'shop',
      version: '1.0.0',
      private: true,
      scripts: { build: 'node build.js', start: 'node dist/server.js' },
      dependencies: { nanoid: '3.3.11' },
    }),
    'build.js': `// ${randomUUID()}: what was built before is not built again
const fs = require('node:fs');
fs.mkdirSync('dist', { recursive: true });
fs.copyFileSync('server.js', 'dist/server.js');
console.log('built with', require('nanoid').nanoid().length, 'characters');
`,
    'server.js': `process.on('SIGTERM', () => process.exit());
require('node:http')
  .createServer((request, response) => response.end('yarn ' + process.env.NODE_ENV + ' ' + require('nanoid').nanoid()))
  .listen(3000);
`,
  };
}

/** Small, and built in a moment. */
export function dockerApplication(text: string, extra: Files = {}): Files {
  return {
    Dockerfile: `FROM busybox:1.36
ARG GREETING=hello
WORKDIR /srv
COPY . .
RUN echo "$GREETING" > greeting.txt
EXPOSE 80
STOPSIGNAL SIGKILL
CMD ["httpd", "-f", "-p", "80", "-h", "/srv"]
`,
    'index.html': text,
    ...extra,
  };
}

export function pythonApplication(): Files {
  return {
    'requirements.txt': '# nothing beyond the standard library\n',
    'main.py': `import http.server, os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'python ' + str(os.getuid()).encode())
http.server.HTTPServer(('0.0.0.0', int(os.environ['PORT'])), Handler).serve_forever()
`,
  };
}
