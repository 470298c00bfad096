import { describe, expect, it } from 'vitest';
import type { BuildOptions } from '#src/modules/deployments/domain/build-options.js';
import { planBuild } from '../build-plan.js';
import { foreignImagesOf } from '../dockerfile/foreign-images.js';

const NOTHING: BuildOptions = {
  buildContext: '.',
  dockerfile: null,
  baseImage: null,
  installCommand: null,
  buildCommand: null,
  startCommand: null,
};

type Files = Record<string, string | object>;

function plan(files: Files, options: Partial<BuildOptions> = {}, workspaceFolder?: string) {
  const texts = Object.entries(files).map(([name, content]): [string, string] => [
    name,
    typeof content === 'string' ? content : JSON.stringify(content),
  ]);
  const made = planBuild({
    options: { ...NOTHING, ...options },
    origin: 'repository',
    files: { names: texts.map(([name]) => name).join('\0'), texts: new Map(texts) },
    buildArgNames: [],
    port: undefined,
    defaults: { nginxImage: 'nginx:1.30-alpine' },
    ...(workspaceFolder !== undefined && { workspaceFolder }),
  });
  return { ...made, text: 'text' in made ? made.text : '' };
}

/** The last argument of CMD. */
const lastOf = (text: string): unknown => (JSON.parse(text.slice(text.indexOf('CMD ') + 4)) as string[]).at(-1);
const APP = { scripts: { start: 'node server.js' } };
const OPENING = `ENV HOME=/home/app NPM_CONFIG_PREFIX=/home/app/.local PATH=/home/app/.local/bin:$PATH
RUN ["/bin/sh","-c","grep -q '^[^:]*:[^:]*:1000:' /etc/passwd || echo 'app:x:1000:1000::/home/app:/bin/sh' >> /etc/passwd; grep -q '^[^:]*:[^:]*:1000:' /etc/group || echo 'app:x:1000:' >> /etc/group; mkdir -p /home/app /app; chown 1000:1000 /home/app /app"]
WORKDIR /app
USER 1000:1000
`;
const ENDING = `ENV NODE_ENV=production
ENV PATH=/app/node_modules/.bin:$PATH
ENV PORT=3000
`;

describe('the Dockerfile of a Node.js project', () => {
  it('must install before the sources are copied, and keep tools and development dependencies out', () => {
    const made = plan({
      'package.json': { ...APP, dependencies: { ms: '2.1.3' }, devDependencies: { eslint: '9' } },
      'package-lock.json': '{}',
      'server.js': '',
    });
    expect(made.text).toBe(`FROM node:22-slim AS build
${OPENING}COPY --chown=1000:1000 app/package.json app/package-lock.json ./
RUN ["/bin/sh","-c","npm ci"]
COPY --chown=1000:1000 app/ ./
RUN ["/bin/sh","-c","npm prune --omit=dev --ignore-scripts"]
FROM node:22-slim
${OPENING}COPY --from=build --chown=1000:1000 /app /app
${ENDING}CMD ["/bin/sh","-c","exec node server.js"]
`);
    expect(made.reasons).toEqual([
      'Node 22 by default',
      'npm from package-lock.json',
      'start command from the script start',
    ]);
  });

  it('must build with compilers or git and run without them', () => {
    const native = plan({ 'package.json': APP, 'binding.gyp': '', 'server.js': '' });
    expect(native.text).toMatch(
      /^FROM node:22 AS build\n[^]*app\/ \.\/\nRUN [^\n]*npm install[^]*\nFROM node:22-slim\n/,
    );
    expect(native.reasons).toContain('build stage node:22: compilers for binding.gyp');
    for (const specifier of [
      'git+https://git.test/lib.git#main',
      'owner/lib',
      'github:owner/lib#v1',
      'git@git.test:a/b.git',
    ])
      expect(plan({ 'package.json': { ...APP, dependencies: { lib: specifier } } }).reasons).toContain(
        'build stage node:22: git for the dependency lib',
      );
    expect(plan({ 'package.json': { ...APP, dependencies: { 'better-sqlite3': '12' } } }).text).toContain(
      'FROM node:22 AS',
    );
    expect(plan({ 'package.json': { ...APP, dependencies: { 'pg-native': '3' } } }).text).toMatch(/FROM node:22\n/);
    const transitive = { 'package.json': APP, 'package-lock.json': '{"packages":{"node_modules/sqlite3":{}}}' };
    expect(plan(transitive).reasons).toContain('build stage node:22: compilers for sqlite3');
  });

  it('must be that of a package in its workspace', () => {
    const made = plan(
      {
        'package.json': { private: true, workspaces: ['packages/*'] },
        'package-lock.json': '{}',
        'packages/lib/package.json': { name: '@x/lib', scripts: { build: 'tsc' } },
        'packages/web/package.json': {
          name: '@x/web',
          engines: { node: '>=24' },
          scripts: { build: 'tsc', start: 'node dist/main.js' },
          dependencies: { '@x/lib': '*' },
        },
      },
      { buildContext: 'packages/web' },
      'packages/web',
    );
    expect(made.text).toBe(`FROM node:24-slim AS build
${OPENING}COPY --chown=1000:1000 app/ ./
RUN ["/bin/sh","-c","npm ci"]
RUN ["/bin/sh","-c","(cd packages/lib && npm run build) && (cd packages/web && npm run build)"]
RUN ["/bin/sh","-c","npm prune --omit=dev --ignore-scripts"]
FROM node:24-slim
${OPENING}COPY --from=build --chown=1000:1000 /app /app
WORKDIR /app/packages/web
ENV NODE_ENV=production
ENV PATH=/app/packages/web/node_modules/.bin:/app/node_modules/.bin:$PATH
ENV PORT=3000
CMD ["/bin/sh","-c","exec node dist/main.js"]
`);
  });

  it.each([
    ['nuxt', {}, 'node .output/server/index.mjs'],
    ['next', { 'web/next.config.js': "module.exports = { output: 'standalone' }" }, 'next start'],
  ])('must copy a whole workspace for the server of %s', (name, files, start) => {
    const made = plan(
      {
        'package.json': { workspaces: ['web'] },
        'web/package.json': { scripts: { build: `${name} build` }, dependencies: { [name]: '*' } },
        ...files,
      },
      { buildContext: 'web' },
      'web',
    );
    expect(made.startCommand).toBe(start);
    expect(made.text).toContain('COPY --from=build --chown=1000:1000 /app /app\nWORKDIR /app/web\n');
  });

  it('must say which packages a workspace has, when it has no start command itself', () => {
    const files = {
      'package.json': { private: true, workspaces: ['apps/*'] },
      'apps/api/package.json': APP,
      'apps/web/package.json': { scripts: { build: 'vite build' } },
    };
    expect(() => plan(files)).toThrow(/Set buildContext to the package to deploy: apps\/api, apps\/web\./);
  });

  it('must be a site beside a pnpm-workspace.yaml that has settings only', () => {
    const files = {
      'package.json': { scripts: { build: 'node build.mjs' } },
      'pnpm-lock.yaml': "lockfileVersion: '9.0'",
      'pnpm-workspace.yaml': 'onlyBuiltDependencies:\n  - esbuild\n',
    };
    expect(plan(files).detected).toBe('web site with Node.js 22 with pnpm (pnpm-lock.yaml)');
    expect(() => plan({ ...files, 'pnpm-workspace.yaml': 'packages:\n  - apps/*\n' })).toThrow('No start command');
  });

  it('must name only the images that it is based on', () => {
    const imagesOf = (text: string) =>
      foreignImagesOf({ text, buildArgs: {}, platform: { os: 'linux', arch: 'amd64' } });
    expect(imagesOf(plan({ 'package.json': APP, 'bun.lock': '' }).text)).toEqual(['node:22-slim']);
    const made = plan({ 'package.json': { scripts: { build: 'vite build' }, devDependencies: { vite: '6' } } });
    expect(imagesOf(made.text).sort()).toEqual(['nginx:1.30-alpine', 'node:22-slim']);
  });

  it('must follow the commands of the request', () => {
    const files = {
      'package.json': { ...APP, devDependencies: { tsx: '4' } },
      'pnpm-lock.yaml': "lockfileVersion: '9.0'",
    };
    const given = plan(files, { startCommand: 'pnpm start' });
    expect(given.text).toContain('COPY --from=build --chown=1000:1000 /home/app/.local /home/app/.local');
    expect(given.text).not.toContain('prune');
    expect(plan(files, { baseImage: 'node:22' }).text.match(/^FROM .*$/gm)).toEqual([
      'FROM node:22 AS build',
      'FROM node:22',
    ]);
    const own = plan(files, { installCommand: 'make deps' }).text;
    expect(own.match(/^FROM .*$/gm)).toEqual(['FROM node:22-slim']);
  });
});

describe('files that an install reads', () => {
  it.each<[string, Files]>([
    ['a patch of pnpm', { 'package.json': { ...APP, pnpm: { patchedDependencies: { ms: 'patches/ms.patch' } } } }],
    ['a patch of yarn', { 'package.json': { ...APP, dependencies: { ms: 'patch:ms@npm%3A2.1.3#./ms.patch' } } }],
    ['a patch of patch-package', { 'package.json': { scripts: { ...APP.scripts, postinstall: 'patch-package' } } }],
    [
      'a release of yarn',
      {
        'package.json': APP,
        '.yarn/releases/yarn-4.9.2.cjs': '',
        '.yarnrc.yml': 'yarnPath: .yarn/releases/yarn-4.9.2.cjs',
      },
    ],
    ['a hook of pnpm', { 'package.json': APP, '.pnpmfile.cjs': '' }],
    ['a workspace', { 'package.json': APP, 'pnpm-workspace.yaml': 'packages: [a]' }],
    ['a local package', { 'package.json': { ...APP, dependencies: { a: './a' } } }],
    ['a resolution', { 'package.json': { ...APP, resolutions: { a: 'file:./a' } } }],
    ['a certificate', { 'package.json': APP, '.npmrc': 'cafile=./ca.pem' }],
  ])('must be there before: %s', (_, files) => {
    expect(plan(files).text).toMatch(/COPY --chown=1000:1000 app\/ \.\/\nRUN [^\n]*install/);
  });

  it('must be copied alone, when they are all in the root', () => {
    const files = { 'package.json': { scripts: { ...APP.scripts, prepare: 'husky' } }, '.npmrc': '', 'bun.lock': '' };
    expect(plan(files).text).toContain('COPY --chown=1000:1000 app/package.json app/bun.lock app/.npmrc ./\n');
  });
});

describe('the start command of a Node.js project', () => {
  it.each<[object, string]>([
    [{ start: 'node server.js' }, 'exec node server.js'],
    [
      { start: 'NODE_ENV=production node server.js --port $PORT' },
      'NODE_ENV=production exec node server.js --port $PORT',
    ],
    [{ start: 'cross-env NODE_ENV=production node server.js' }, 'NODE_ENV=production exec node server.js'],
    [{ start: 'npm run start:prod', 'start:prod': 'node dist/main' }, 'exec node dist/main'],
    [{ prestart: 'node migrate.js', start: 'node server.js' }, 'node migrate.js && node server.js'],
    [{ start: 'node migrate.js && node server.js' }, 'node migrate.js && node server.js'],
    [{ start: 'node server.js', poststart: 'echo ended' }, 'exec npm start'],
    [{ start: 'node server.js & node worker.js' }, 'exec npm start'],
    [{ start: 'echo $npm_package_version && node server.js' }, 'exec npm start'],
    [{ start: 'nodemon server.js', 'start:prod': 'node server.js' }, 'exec node server.js'],
    [{ start: 'http-server ./public -p $PORT' }, 'exec http-server ./public -p $PORT'],
    [{ start: 'node vite-server.js' }, 'exec node vite-server.js'],
    [{ start: 'vite-node src/server.ts' }, 'exec vite-node src/server.ts'],
    [{ build: 'node build.mjs', preview: 'node .output/server/index.mjs' }, 'exec node .output/server/index.mjs'],
  ])('must be the program itself, where no hook needs npm: %j', (scripts, command) => {
    expect(lastOf(plan({ 'package.json': { scripts } }).text)).toBe(command);
  });

  it.each<[Files, string]>([
    [{ 'package.json': { main: './lib/app' }, 'lib/app.js': '' }, 'node lib/app.js'],
    [{ 'package.json': { main: 'dist/main.js', scripts: { build: 'tsc' } } }, 'node dist/main.js'],
    [{ 'package.json': {}, 'index.mjs': '' }, 'node index.mjs'],
    [{ 'package.json': { devDependencies: { tsx: '4' } }, 'src/server.ts': '' }, 'tsx src/server.ts'],
    [{ 'package.json': {}, 'bun.lock': '', 'index.ts': '' }, 'bun index.ts'],
    [
      {
        'package.json': { scripts: { start: 'x', web: 'node w.js' } },
        Procfile: 'web: npm run web\nrelease: node m.js\n',
      },
      'node w.js',
    ],
  ])('must come from the files: %j', (files, start) => {
    expect(plan(files).startCommand).toBe(start);
  });

  it('must keep the development dependency that it needs', () => {
    const made = plan({ 'package.json': { scripts: { start: 'tsx server.ts' }, devDependencies: { tsx: '4' } } });
    expect(made.text).not.toContain('prune');
    expect(made.reasons).toContain('development dependencies stay: the start command needs tsx');
  });

  it('must keep the development dependency of a script that it runs with npm', () => {
    const scripts = {
      clean: "node -e \"require('fs').rmSync('dist', { recursive: true })\"",
      'build:ts': 'npm run clean && tsc',
      start: 'npm run build:ts && fastify start dist/app.js',
    };
    const manifest = { scripts, dependencies: { 'fastify-cli': '8' }, devDependencies: { typescript: '5' } };
    const made = plan({ 'package.json': manifest });
    expect(made.startCommand).toBe('npm start');
    expect(made.reasons.at(-1)).toBe('development dependencies stay: the start command needs typescript');
  });

  it('must not keep development dependencies for types', () => {
    const made = plan({ 'package.json': { ...APP, devDependencies: { '@types/node': '24' } }, 'server.js': '' });
    expect(made.text).toContain('prune');
  });

  it('must come with the variable that the server of Angular needs', () => {
    const angular = (security?: object) => ({
      'package.json': { scripts: { start: 'ng serve', build: 'ng build' }, dependencies: { '@angular/core': '22' } },
      'angular.json': {
        projects: {
          shop: { architect: { build: { options: { server: 'src/main.server.ts', ssr: { entry: 'a' }, security } } } },
        },
      },
    });
    const { startCommand, reasons } = plan(angular({ allowedHosts: [] }));
    expect(startCommand).toBe('node dist/shop/server/server.mjs');
    expect(reasons.at(-1)).toMatch(/^Angular refuses hosts that are not allowed: set NG_ALLOWED_HOSTS in envVars/);
    for (const given of [undefined, { allowedHosts: ['www.example.com'] }])
      expect(plan(angular(given)).reasons.at(-1)).toBe('start command of Angular');
  });

  it('must keep TypeScript for the configuration of Next.js', () => {
    const scripts = { build: 'next build', start: 'next start' };
    const manifest = { scripts, dependencies: { next: '15' }, devDependencies: { typescript: '5', eslint: '9' } };
    expect(plan({ 'package.json': manifest, 'next.config.ts': '' }).text).not.toContain('prune');
    expect(plan({ 'package.json': manifest, 'next.config.mjs': '' }).text).toContain('prune');
  });

  it.each([
    { start: 'vite', build: 'vite build' },
    { start: 'npm run dev', dev: 'npx vite --host', build: 'vite build' },
    { start: 'serve -s dist', build: 'vite build' },
  ])('must not be one for development, when a build makes files: %j', (scripts) => {
    const made = plan({ 'package.json': { scripts, devDependencies: { vite: '6' } }, 'index.html': '' });
    expect(made.text).toMatch(/mv \\"\$folder\\" \/home\/app\/site[^]*FROM nginx:1\.30-alpine\n/);
    expect(made.text).toContain('COPY --from=build --chown=101:101 ["/home/app/site/"');
    expect(made.reasons.at(-1)).toBe('files of Vite from dist, served by nginx: the script start is for development');
  });

  it('must be asked for with an example, when there is none', () => {
    expect(() => plan({ 'package.json': { scripts: { test: 'x' } } })).toThrow(
      'Set startCommand, such as "node server.js", or add a start script to package.json (the scripts are test).',
    );
  });

  it('must give the release command of the Procfile', () => {
    expect(plan({ 'package.json': APP, Procfile: 'release: npm run migrate\r\n' })).toMatchObject({
      releaseCommand: 'npm run migrate',
      reasons: expect.arrayContaining(['release command from Procfile (release)']) as string[],
    });
  });
});
