/**
 * Builds and runs what the starters of frameworks make: test/fixtures/starters. The builds download packages and take minutes;
 * src/modules/builds/runtimes/starters.spec.ts checks their plans.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { starterFiles } from '../fixtures/starter-files.js';
import type { ApiClient } from '../scenario/api-client.js';
import { type GitPlatform, startGitPlatform } from '../scenario/git-platform.js';
import { eventually } from '../testbed/eventually.js';

interface Starter {
  name: string;
  /** port of the container */
  port: number;
  /** what the page of the path has */
  text: string;
  path?: string;
  /** the message of the first attempt, and the field that it names */
  refusal?: { message: string; fields: { buildContext?: string; startCommand?: string } };
}

const HOST_PORT = 3060;
const BUILD_MS = 900_000;

const STARTERS: Starter[] = [
  { name: 'vite-vanilla', port: 8080, path: '/deep/link', text: '<title>Vanilla starter</title>' },
  { name: 'vite-react-ts', port: 8080, path: '/deep/link', text: '<title>React starter</title>' },
  { name: 'vite-vue', port: 8080, path: '/deep/link', text: '<title>Vue starter</title>' },
  { name: 'vite-svelte', port: 8080, path: '/deep/link', text: '<title>Svelte starter</title>' },
  { name: 'express', port: 3000, text: '<h1>Express starter</h1>' },
  { name: 'express-ts', port: 4000, text: 'Express in TypeScript' },
  { name: 'koa', port: 4000, text: 'Koa starter' },
  { name: 'fastify', port: 4000, text: '"starter":"fastify"' },
  // It listens on this port, whatever PORT is.
  { name: 'hono-node', port: 3000, text: 'Hono starter' },
  { name: 'nest', port: 4000, text: 'Nest starter' },
  { name: 'eleventy', port: 8080, path: '/about/', text: 'About the starter</h1>' },
  { name: 'astro', port: 8080, text: 'Astro as files</h1>' },
  { name: 'astro-node', port: 4000, text: 'Astro on a server</h1>' },
  { name: 'sveltekit', port: 4000, text: 'SvelteKit by itself</h1>' },
  { name: 'sveltekit-node', port: 4000, text: 'SvelteKit on a server</h1>' },
  { name: 'sveltekit-static', port: 8080, text: 'SvelteKit as files</h1>' },
  { name: 'react-router', port: 4000, text: '<h1>React Router on a server</h1>' },
  { name: 'angular', port: 8080, path: '/deep/link', text: '<title>Angular starter</title>' },
  { name: 'nuxt', port: 4000, text: '<h1>Nuxt starter</h1>' },
  { name: 'docusaurus', port: 8080, path: '/docs/intro', text: 'The text of the documentation.' },
  { name: 'next-app', port: 4000, text: '<h1>Next.js on a server</h1>' },
  { name: 'next-standalone', port: 4000, text: '<h1>Next.js standalone</h1>' },
  { name: 'next-export', port: 8080, text: '<h1>Next.js export</h1>' },
  {
    name: 'tanstack-start',
    port: 4000,
    text: '<h1>TanStack Start on a server</h1>',
    refusal: {
      message: 'Set startCommand, such as "npx --yes srvx --prod -s ../client dist/server/server.js"',
      fields: { startCommand: 'npx --yes srvx --prod -s ../client dist/server/server.js' },
    },
  },
  {
    name: 'pnpm-monorepo',
    port: 4000,
    text: 'A button of the workspace</button>',
    refusal: {
      message: 'Set buildContext to the package to deploy: apps/web.',
      fields: { buildContext: 'apps/web' },
    },
  },
];

describe('the starter of a framework, with only the URL and the port', () => {
  let bed: GitPlatform;
  let client: ApiClient;
  let environmentId: string;
  const tried: Starter[] = [];
  const ran: Starter[] = [];

  beforeAll(async () => {
    bed = await startGitPlatform();
    client = bed.client;
    environmentId = (await client.createEnvironment()).id;
  });
  afterAll(async () => {
    await bed?.stop();
    const withoutFields = ran.filter(({ refusal }) => !refusal).length;
    process.stdout.write(`starters of Node.js: ${withoutFields} of ${tried.length} without any field\n`);
  });

  it.each(STARTERS)(
    '$name must run, or the message must name the one field to send',
    async (starter) => {
      const { name, port, path = '/', text, refusal } = starter;
      tried.push(starter);
      await bed.git.create(name, starterFiles(name));
      const ports = [{ container: port, host: HOST_PORT }];
      const request = { environmentId, name, gitUrl: bed.git.url(name), ports };
      if (refusal) {
        const failed = await client.failFromGit({ ...request, name: `${name}-refused` });
        expect(failed.errorMessage).toContain(refusal.message);
      }
      const deployment = await client.runFromGit({ ...request, ...refusal?.fields }, BUILD_MS);
      await eventually(async () => {
        const answer = await fetch(`http://127.0.0.1:${HOST_PORT}${path}`);
        expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining(text)]);
      }, 20_000);
      // The next one has its host port.
      await client.ok('DELETE', `/deployments/${deployment.id}`);
      await client.expectDeployment(deployment.id, 'STOPPED', 60_000);
      ran.push(starter);
    },
    BUILD_MS + 60_000,
  );
});
