import { describe, expect, it } from 'vitest';
import type { BuildOptions } from '#src/modules/deployments/domain/build-options.js';
import { planBuild } from './build-plan.js';

const NOTHING: BuildOptions = {
  buildContext: '.',
  dockerfile: null,
  baseImage: null,
  installCommand: null,
  buildCommand: null,
  startCommand: null,
};

function plan(files: Record<string, string>, options: Partial<BuildOptions> = {}, port: number | undefined = 3000) {
  return planBuild({
    options: { ...NOTHING, ...options },
    origin: 'repository',
    files: { names: Object.keys(files).join('\0'), texts: new Map(Object.entries(files)) },
    buildArgNames: [],
    port,
    defaults: { nginxImage: 'nginx:1.30-alpine' },
  });
}

const textOf = (files: Record<string, string>, options: Partial<BuildOptions> = {}) => {
  const made = plan(files, options);
  return 'text' in made ? made.text : '';
};

describe('the build plan of a repository', () => {
  it('must be its Dockerfile, which says that commands have no effect beside it', () => {
    expect(plan({ Dockerfile: '', 'package.json': '{}' })).toEqual({
      method: 'DOCKERFILE',
      detected: null,
      reasons: [],
      startCommand: null,
      releaseCommand: null,
      warnings: [],
      dockerfile: 'Dockerfile',
    });
    expect(plan({ Dockerfile: '' }, { dockerfile: 'docker/web', startCommand: 'x' })).toMatchObject({
      dockerfile: 'docker/web',
      warnings: ['There is a Dockerfile, so startCommand had no effect.'],
    });
  });

  it('must serve the pages of the root, where the build only adds files to them', () => {
    const styles = { 'package.json': JSON.stringify({ scripts: { build: 'tailwindcss -o out.css' } }) };
    expect(textOf({ ...styles, 'index.html': '' })).toContain('rm -rf node_modules && exec cp -R . /home/app/site');
    expect(textOf(styles)).not.toContain('cp -R');
  });

  it('must be the commands of the request, with the dependencies first', () => {
    const commands = {
      baseImage: 'node:22',
      installCommand: 'yarn install',
      buildCommand: 'yarn run build',
      startCommand: 'yarn start',
    };
    expect(textOf({ 'package.json': '{}', 'yarn.lock': '', 'index.js': '' }, commands)).toBe(`FROM node:22
ENV HOME=/home/app NPM_CONFIG_PREFIX=/home/app/.local PATH=/home/app/.local/bin:$PATH
RUN ["/bin/sh","-c","grep -q '^[^:]*:[^:]*:1000:' /etc/passwd || echo 'app:x:1000:1000::/home/app:/bin/sh' >> /etc/passwd; grep -q '^[^:]*:[^:]*:1000:' /etc/group || echo 'app:x:1000:' >> /etc/group; mkdir -p /home/app /app; chown 1000:1000 /home/app /app"]
WORKDIR /app
USER 1000:1000
RUN ["/bin/sh","-c","npm install -g yarn@1"]
COPY --chown=1000:1000 app/package.json app/yarn.lock ./
RUN ["/bin/sh","-c","yarn install"]
COPY --chown=1000:1000 app/ ./
RUN ["/bin/sh","-c","yarn run build"]
ENV NODE_ENV=production
ENV PATH=/app/node_modules/.bin:$PATH
ENV PORT=3000
CMD ["/bin/sh","-c","exec yarn start"]
`);
  });

  it('must detect what a request omits, when its base image has that runtime', () => {
    const files = { 'package.json': '{"scripts":{"build":"x","start":"y"}}', 'package-lock.json': '' };
    const filled = textOf(files, { baseImage: 'registry.example.com/base/node:20', startCommand: 'node other.js' });
    expect(filled).toMatch(
      /FROM registry\.example\.com\/base\/node:20[^]*npm ci[^]*npm run build[^]*exec node other\.js/,
    );
    const other = textOf(files, { baseImage: 'ruby:3', startCommand: 'ruby web.rb' });
    expect(other).not.toContain('npm');
    expect(plan(files, { baseImage: 'ruby:3', startCommand: 'ruby web.rb' }).detected).toBeNull();
  });

  it('must copy everything first where installing needs more than the list of dependencies', () => {
    for (const manifest of [
      '{"scripts":{"postinstall":"x"}}',
      '{"workspaces":["a"]}',
      '{"dependencies":{"a":"file:./a"}}',
    ])
      expect(textOf({ 'package.json': manifest, 'package-lock.json': '', 'server.js': '' })).toMatch(
        /COPY \S+ app\/ \.\/\nRUN .*npm ci/,
      );
    const custom = { baseImage: 'node:22', installCommand: 'make deps', startCommand: 'x' };
    expect(textOf({ 'package.json': '{}' }, custom)).toMatch(/COPY \S+ app\/ \.\/\nRUN .*make deps/);
  });

  it.each([
    ['x"]\nRUN id\nCMD ["y'],
    ['x\\\nRUN id'],
    ['cat <<EOF\nRUN id\nEOF'],
    ['echo \'"`$(id)'],
    ['x\r\nUSER root'],
    ['x\u2028USER root'],
  ])('must keep a command one argument of one instruction: %j', (command) => {
    const text = textOf({}, { baseImage: 'a', installCommand: command, buildCommand: command, startCommand: command });
    const plain = textOf({}, { baseImage: 'a', installCommand: 'x', buildCommand: 'x', startCommand: 'x' });
    expect(text.split(/\r\n|\r|\n/)).toHaveLength(plain.split('\n').length);
    expect(text).not.toContain('<<');
    const lines = text.split('\n').filter((line) => line.startsWith('RUN') || line.startsWith('CMD'));
    for (const line of lines.slice(1, -1)) expect(JSON.parse(line.slice(4))).toEqual(['/bin/sh', '-c', command]);
    expect((JSON.parse((lines.at(-1) ?? '').slice(4)) as string[]).at(-1)).toBe(command);
  });

  it.each([
    [
      { 'package.json': '{"scripts":{"start":"x"}}', 'package-lock.json': '' },
      'Node.js 22 with npm (package-lock.json)',
      'npm ci',
    ],
    [
      { 'package.json': '{"scripts":{"start":"x"}}', 'yarn.lock': '# yarn lockfile v1' },
      'Node.js 22 with yarn (yarn.lock)',
      '"yarn install --frozen-lockfile',
    ],
    [
      { 'package.json': '{"scripts":{"start":"x"}}', 'yarn.lock': '__metadata:\n' },
      'Node.js 22 with yarn (yarn.lock)',
      '"yarn install --immutable',
    ],
    [
      { 'package.json': '{"scripts":{"start":"x"},"packageManager":"pnpm@9.1.2"}', 'pnpm-lock.yaml': '' },
      'Node.js 22 with pnpm (pnpm-lock.yaml)',
      'npm install -g pnpm@9.1.2',
    ],
    [
      { 'package.json': '{"main":"app.js","engines":{"node":"20.x"}}', 'app.js': '' },
      'Node.js 20 with npm (no lock file)',
      'exec node app.js',
    ],
    [
      { 'package.json': '{"scripts":{"start":"x","build":"y"}}', '.nvmrc': 'v24.1.0\n' },
      'Node.js 24 with npm (no lock file)',
      'npm run build',
    ],
    [{ 'requirements.txt': 'flask', 'app.py': '' }, 'Python 3.12 with pip (requirements.txt)', 'exec python app.py'],
    [
      { 'pyproject.toml': '', Procfile: 'web: gunicorn shop:app\n', '.python-version': '3.11\n' },
      'Python 3.11 with pip (pyproject.toml)',
      'exec gunicorn shop:app',
    ],
    [
      { 'go.mod': 'module x\n\ngo 1.22\n', 'main.go': 'package main\n' },
      'Go 1.22 (go.mod)',
      'FROM golang:1.22 AS build',
    ],
    [{ 'index.html': '' }, 'a static site (index.html)', 'listen 3000;'],
  ])('must be found out from the files: %j', (files, detected, part) => {
    const made = plan(files);
    expect(made).toMatchObject({ method: 'DETECTED', detected });
    expect('text' in made && made.text).toContain(part);
  });

  it('must fail when no start command is found', () => {
    expect(() => plan({ 'README.md': '' })).toThrow(/no Dockerfile in the repository/);
    expect(() => plan({ 'package.json': '{}' }, { buildContext: 'web' })).toThrow(
      /No start command was found in its folder web\. Set startCommand/,
    );
    expect(() => plan({}, { startCommand: 'x' })).toThrow(/Set baseImage/);
  });

  it.each([
    [{ 'package.json': '{}' }, { installCommand: `npm ci${' --a'.repeat(2000)}` }],
    [{ 'package.json': '{}' }, { installCommand: `npm ci${' --a'.repeat(100)}!` }],
    [{ 'requirements.txt': '\n'.repeat(60_000) }, { installCommand: 'pip install -r requirements.txt' }],
    [{ 'requirements.txt': ' '.repeat(60_000) }, { installCommand: 'pip install -r requirements.txt' }],
    [{ 'package.json': `"install"${' '.repeat(60_000)}` }, { installCommand: 'npm ci' }],
    [{ 'package.json': '{}', Procfile: `web:${' '.repeat(60_000)}x` }, {}],
    [{ 'package.json': '{}', Procfile: 'web: a'.repeat(10_000) }, {}],
    [{ 'go.mod': `go 1.${'1'.repeat(60_000)}` }, {}],
  ] satisfies [Record<string, string>, Partial<BuildOptions>][])('must take linear time', (files, options) => {
    const began = performance.now();
    plan(files, { baseImage: 'node:22', startCommand: 'x', ...options });
    expect(performance.now() - began).toBeLessThan(2000);
  });
});
