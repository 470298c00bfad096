import type { Runtime } from './runtime.js';
import type { SourceFiles } from './source-files.js';

const DEFAULT_PORT = 8080;
/** nginx's own user in its official images */
const NGINX_USER = '101:101';

/** Detects index.html without any other runtime: nginx serves the folder. */
export function detectStatic(files: SourceFiles, nginxImage: string): Runtime | undefined {
  if (!files.has('index.html')) return undefined;
  return {
    description: 'a static site (index.html)',
    reasons: [],
    baseImage: nginxImage,
    start: 'nginx',
    defaultPort: DEFAULT_PORT,
    dockerfile: ({ port }) => `FROM ${nginxImage}
RUN ${JSON.stringify(['/bin/sh', '-c', `printf '%s' "$0" > /etc/nginx/nginx.conf`, configuration(port)])}
COPY app/ /usr/share/nginx/html/
USER ${NGINX_USER}
CMD ["nginx", "-g", "daemon off;"]
`,
  };
}

/** Configures nginx for an unprivileged user: it writes only to /tmp. */
function configuration(port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path /tmp/nginx-${kind};`,
  );
  return `worker_processes auto;
pid /tmp/nginx.pid;
error_log stderr notice;
events {}
http {
  ${temporary.join(' ')}
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  access_log /dev/stdout;
  sendfile on;
  gzip on;
  gzip_types text/css application/javascript application/json image/svg+xml;
  server {
    listen ${port};
    root /usr/share/nginx/html;
    index index.html;
    location / { try_files $uri $uri/ $uri.html =404; }
    location ~ /\\. { deny all; }
  }
}
`;
}
