const environmentId = 'the id of your environment';
/** Example request bodies, shown in Swagger UI. */
export const CREATE_EXAMPLES = {
  'a web server': {
    environmentId,
    image: 'nginx',
    tag: 'alpine',
    ports: [{ container: 80, host: 8080 }],
    envVars: { DEPLOYED_BY: 'swagger' },
  },
  'replicas with a health check': {
    environmentId,
    name: 'web',
    image: 'nginx:alpine',
    replicas: 2,
    ports: [{ container: 80 }],
    healthCheck: { path: '/' },
  },
  'a database with a volume': {
    environmentId,
    name: 'db',
    image: 'postgres',
    tag: '17-alpine',
    ports: [{ container: 5432 }],
    envVars: { POSTGRES_PASSWORD: 'choose one' },
    volumes: [{ name: 'data', path: '/var/lib/postgresql/data' }],
    resources: { memoryMb: 256 },
  },
  'a configuration file': {
    environmentId,
    name: 'proxy',
    image: 'nginx:alpine',
    ports: [{ container: 8080 }],
    files: [
      {
        path: '/etc/nginx/conf.d/default.conf',
        content: 'server { listen 8080; location / { return 200 "hello"; } }\n',
      },
    ],
  },
  'a private image': {
    environmentId,
    image: 'ghcr.io/acme/web:1.2.3',
    registryAuth: { username: 'acme', password: 'a token that may read packages' },
  },
};

export const CREATE_FROM_GIT_EXAMPLES = {
  'a detected runtime': {
    environmentId,
    gitUrl: 'https://github.com/acme/shop.git',
    ports: [{ container: 3000, host: 3001 }],
  },
  'a Dockerfile in a folder': {
    environmentId,
    name: 'api',
    gitUrl: 'https://github.com/acme/monorepo.git',
    branch: 'main',
    buildContext: 'services/api',
    ports: [{ container: 8080 }],
    healthCheck: { path: '/healthz' },
  },
  'custom commands': {
    environmentId,
    gitUrl: 'https://github.com/acme/shop.git',
    branch: 'main',
    baseImage: 'node:22',
    installCommand: 'yarn install',
    buildCommand: 'yarn run build',
    startCommand: 'yarn start',
    ports: [{ host: 3001, container: 3000 }],
    envVars: { NODE_ENV: 'production' },
  },
  'a private repository': {
    environmentId,
    gitUrl: 'https://gitlab.com/acme/secret.git',
    gitAuth: { token: 'a token that may read the repository' },
    ports: [{ container: 3000 }],
  },
};

const uploadId = 'clx1a2b3c4d5e6f7g8h9i0j1k';
export const CREATE_FROM_UPLOAD_EXAMPLES = {
  'its Dockerfile, or a detected runtime': {
    environmentId,
    uploadId,
    name: 'hello',
    ports: [{ container: 8080, host: 8080 }],
  },
  'a folder of the upload': {
    environmentId,
    uploadId,
    name: 'api',
    buildContext: 'services/api',
    dockerfile: 'docker/Dockerfile',
    ports: [{ container: 3000 }],
    envVars: { NODE_ENV: 'production' },
  },
};
