/** Plans the starters of test/fixtures/starters; test/long/starters-node.long-spec.ts builds and runs them. */
import { describe, expect, it } from 'vitest';
import { starterFiles } from '../../../../test/fixtures/starter-files.js';
import { planBuild } from '../build-plan.js';
import { wantedFiles } from './wanted-files.js';

function plan(name: string, workspaceFolder?: string) {
  const files = starterFiles(name);
  const names = Object.keys(files);
  return planBuild({
    options: {
      buildContext: workspaceFolder ?? '.',
      dockerfile: null,
      baseImage: null,
      installCommand: null,
      buildCommand: null,
      startCommand: null,
    },
    origin: 'repository',
    files: { names: names.join('\0'), texts: new Map(wantedFiles(names).map((path) => [path, files[path] ?? ''])) },
    buildArgNames: [],
    port: undefined,
    ...(workspaceFolder !== undefined && { workspaceFolder }),
    defaults: { nginxImage: 'nginx:1.30-alpine' },
  });
}

const NPM_22 = 'Node.js 22 with npm (no lock file)';
const NPM_24 = 'Node.js 24 with npm (no lock file)';

describe('the starter of a framework', () => {
  it.each([
    ['vite-vanilla', `Vite with ${NPM_22}`, 'nginx'],
    ['vite-react-ts', `Vite with ${NPM_22}`, 'nginx'],
    ['vite-vue', 'Vite with Node.js 22 with pnpm (pnpm-lock.yaml)', 'nginx'],
    ['vite-svelte', `Vite with ${NPM_22}`, 'nginx'],
    ['express', NPM_22, 'node ./bin/www'],
    ['express-ts', NPM_22, 'node dist/index.js'],
    ['koa', NPM_22, 'node app.js'],
    ['fastify', NPM_22, 'fastify start -l info app.js'],
    ['hono-node', 'Node.js 22 with bun (bun.lock)', 'node dist/index.js'],
    ['nest', NPM_22, 'node dist/main'],
    ['eleventy', `Eleventy with ${NPM_24}`, 'nginx'],
    ['astro', `Astro with ${NPM_24}`, 'nginx'],
    ['astro-node', NPM_24, 'node ./dist/server/entry.mjs'],
    ['sveltekit', NPM_22, 'node build'],
    ['sveltekit-node', NPM_22, 'node build'],
    ['sveltekit-static', `SvelteKit adapter-static with ${NPM_22}`, 'nginx'],
    ['react-router', NPM_22, 'react-router-serve ./build/server/index.js'],
    ['angular', `Angular with ${NPM_22}`, 'nginx'],
    ['nuxt', NPM_22, 'node .output/server/index.mjs'],
    ['docusaurus', `Docusaurus with ${NPM_24}`, 'nginx'],
    ['next-app', NPM_22, 'next start'],
    ['next-standalone', NPM_22, 'node server.js'],
    ['next-export', `Next.js export with ${NPM_22}`, 'nginx'],
  ])('must be recognized, and started as its documentation says: %s', (name, detected, start) => {
    const { detected: found, startCommand } = plan(name);
    expect([found, startCommand]).toEqual([detected, start]);
  });

  it('must name startCommand, when its build makes no server', () => {
    expect(() => plan('tanstack-start')).toThrow('Set startCommand, such as "npx --yes srvx --prod');
  });

  it('must name buildContext, when it is a workspace', () => {
    expect(() => plan('pnpm-monorepo')).toThrow('Set buildContext to the package to deploy: apps/web.');
    const { detected, startCommand } = plan('pnpm-monorepo', 'apps/web');
    expect([detected, startCommand]).toEqual(['Node.js 24 with pnpm (pnpm-lock.yaml)', 'next start']);
  });
});
