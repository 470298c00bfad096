/** Files that nginx serves, as the last stage of a Dockerfile. */
export interface StaticSite {
  nginxImage: string;
  /** folder of the files, as COPY takes it: `app/public/` of the context, `/app/dist/` of a stage */
  folder: string;
  /** name of the stage that has built them; undefined: they are in the build context */
  stage?: string;
  /** True for a single-page application: index.html answers a path that no file has. */
  isSinglePage: boolean;
  /** True when a bundler has named the files: names with its hash never change their content. */
  isBundled: boolean;
  port: number;
}

/** nginx's own user in its official images */
const NGINX_USER = '101:101';
const ROOT = '/usr/share/nginx/html';

/** Renders the stage, from FROM to CMD. */
export function renderStaticSite(site: StaticSite): string {
  const write = ['/bin/sh', '-c', `printf '%s' "$0" > /etc/nginx/nginx.conf`, nginxConfiguration(site)];
  const from = site.stage === undefined ? '' : `--from=${site.stage} `;
  return `FROM ${site.nginxImage}
RUN ${JSON.stringify(write).replaceAll('<', '\\u003c')}
COPY ${from}--chown=${NGINX_USER} ${JSON.stringify([site.folder, `${ROOT}/`])}
USER ${NGINX_USER}
ENV PORT=${site.port}
CMD ["nginx", "-g", "daemon off;"]
`;
}

/** Files that a page loads: index.html in their place would hide that they are missing. */
const ASSETS = 'js|mjs|css|map|json|wasm|png|jpe?g|gif|svg|webp|avif|ico|woff2?|ttf|otf|mp4|webm|pdf|txt|xml';

/** Names whose content never changes: folders that belong to a bundler, and hexadecimal hashes. */
const HASHED = [
  '^/(_next/static|_app/immutable|_astro|_nuxt)/',
  '[.-](?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{8,64}(\\.chunk|\\.min)?\\.[a-z0-9]{2,5}$',
];
/** Vite, Rollup and Angular: eight characters of base64url or capitals. In other sites such a name may be a word. */
const HASHED_BY_BUNDLER = [
  '^/assets/(.*/)?[^/]*[.-](?=[^/.]*[0-9A-Z_])(?=[^/.]*[A-Za-z])[A-Za-z0-9_-]{8}\\.[a-z0-9]{2,5}$',
  '^/[^/]*-[A-Z0-9]{8}\\.(js|css)$',
];

/** Configures nginx for an unprivileged user: it writes only to /tmp. */
function nginxConfiguration({ port, isSinglePage, isBundled }: StaticSite): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path /tmp/nginx-${kind};`,
  );
  const hashed = [...HASHED, ...(isBundled ? HASHED_BY_BUNDLER : [])].map(
    (pattern) => `    "~${pattern}" "public, max-age=31536000, immutable";`,
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
  server_tokens off;
  absolute_redirect off;
  gzip on;
  gzip_static on;
  gzip_vary on;
  gzip_types text/css text/plain text/xml application/javascript text/javascript application/json application/xml image/svg+xml application/wasm;
  map $uri $cache_control {
    default "no-cache";
${hashed.join('\n')}
  }
  server {
    listen ${port};
    root ${ROOT};
    index index.html;
    add_header Cache-Control $cache_control;
    location ~ /\\.(?!well-known/) { return 404; }
    location = /.well-known/apple-app-site-association { default_type application/json; }
${isSinglePage ? SINGLE_PAGE : PAGES}  }
}
`;
}

/** A folder without index.html is as missing as a file. */
const PAGES = `    error_page 403 404 =404 /404.html;
    location / { try_files $uri $uri.html $uri/ =404; }
`;
const SINGLE_PAGE = `    error_page 403 =200 /index.html;
    location / { try_files $uri $uri.html $uri/ /index.html; }
    location ~* \\.(${ASSETS})$ { try_files $uri =404; }
`;
