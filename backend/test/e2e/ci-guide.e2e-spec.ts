/**
 * docs/guide/ci.md in a container that has only Node.js: the workflow, the action with hostile inputs, other CI systems, curl.
 * @module-tag long
 */
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { codeBlocks, guidePrelude } from '../../../script/lib/guide.mjs';
import type { Deployment } from '../../../clients/typescript/src/index.js';
import { ApiClient } from '../scenario/api-client.js';
import { CommandLine } from '../scenario/command-line.js';
import { Platform } from '../scenario/platform.js';
import { type WorkflowJob, WorkflowRunner } from '../scenario/workflow-runner.js';

const HELLO = path.resolve(import.meta.dirname, '../../../examples/hello');
/** npm downloads the packages of the command line. */
const WITH_NPM_MS = 600_000;
const platform = new Platform({ BUILD_MIN_FREE_DISK_MB: '1' });
const cli = new CommandLine();
const runner = new WorkflowRunner(HELLO);
let client: ApiClient;
let key: string;
let ids: Record<string, string>;
let checkout: string;

beforeAll(async () => {
  await Promise.all([cli.build(), platform.start(), runner.start()]);
  client = await platform.client();
  const { code, text } = await shell(sectionOf('A key for the pipeline'));
  expect(code, text).toBe(0);
  key = /^rw_\S+$/m.exec(text)?.[0] ?? '';
  const { body } = await client.request<{ environments: { id: string; name: string }[] }>('GET', '/environments');
  ids = Object.fromEntries(body.environments.map(({ id, name }) => [name, id]));
  checkout = runner.checkout('berth');
});
afterAll(async () => {
  await platform.stop();
  cli.remove();
  await runner.remove();
});

function sectionOf(heading: string, language = 'sh'): string {
  const blocks = codeBlocks('ci.md', language).filter((block) => block.heading === heading);
  return blocks.map(({ code }) => code).join('');
}

/** The operator's shell, with the functions of the guide. */
async function shell(commands: string): Promise<{ code: number; text: string }> {
  cli.install(path.join(runner.folder, 'operator/berth'));
  const file = path.join(runner.folder, 'operator/commands.sh');
  const start = `set -euo pipefail\nPATH='${path.dirname(file)}':$PATH\n`;
  writeFileSync(file, `${start}${guidePrelude(platform.baseUrl)}${commands}`);
  return platform.shell(file);
}

async function runningIn(environment: string): Promise<Deployment | undefined> {
  const all = await client.deployments(ids[environment] ?? '');
  return all.find(({ name, status }) => name === 'api' && status === 'RUNNING');
}

const inputs = (changes: Record<string, string>) => ({
  ...{ url: platform.baseUrl, key, environment: 'staging', name: 'api' },
  ...changes,
});

describe('the workflow of the guide', () => {
  it(
    'must build, deploy, wait and promote with nothing but Node.js and a bound key',
    async () => {
      const workflow = parse(sectionOf('GitHub Actions', 'yaml')) as { jobs: { deploy: WorkflowJob } };
      const { code, out, err } = await runner.job(workflow.jobs.deploy, checkout, {
        vars: { BERTH_URL: platform.baseUrl },
        secrets: { BERTH_API_KEY: key },
        github: { sha: 'c0ffee' },
      });
      expect(code, `${out}${err}`).toBe(0);
      const [staging, prod] = [await runningIn('staging'), await runningIn('prod')];
      expect(out).toContain(`RUNNING ${staging?.id ?? ''} `);
      expect(out).toContain('api is RUNNING in prod.\n');
      expect(prod?.imageDigest).toBe(staging?.imageDigest);
      expect([staging?.envVars, prod?.envVars]).toEqual([{ VERSION: '***' }, { VERSION: '***' }]);
      expect(`${out}${err}`).not.toContain(key);
    },
    WITH_NPM_MS,
  );
});

describe('the action', () => {
  it('must set its outputs, and end with the exit code of the kind of failure', async () => {
    const published = await runner.action(checkout, inputs({ name: 'page', ports: '8191:8080\n' }));
    expect(published.code, published.err).toBe(0);
    const { deploymentId = '', ...rest } = published.outputs;
    expect(rest).toEqual({ status: 'RUNNING', url: 'http://127.0.0.1:8191' });
    expect((await client.deployment(deploymentId)).name).toBe('page');
    const failed = await runner.action(checkout, inputs({ name: 'broken', source: 'no-such-image' }));
    expect([failed.code, failed.outputs]).toMatchObject([1, { status: 'FAILED', url: '' }]);
    expect(failed.out).toContain('broken is FAILED (IMAGE_NOT_FOUND)');
    for (const [changes, code] of [
      [{ key: 'rw_test_no.good' }, 4],
      [{ tag: '1', name: 'nobody' }, 5],
      [{ url: 'http://127.0.0.1:1' }, 7],
      [{ environment: '' }, 2],
    ] as const)
      expect(await runner.action(checkout, inputs(changes))).toMatchObject({
        code,
        outputs: { deploymentId: '', status: '', url: '' },
      });
  });

  it('must execute nothing that an input says', async () => {
    const pwned = path.join(runner.workspace, 'pwned');
    for (const text of ['$(touch pwned)', '"; touch pwned; "', '--help'])
      for (const name of ['environment', 'name', 'source', 'branch', 'ports', 'variables', 'health', 'timeout']) {
        const hostile = inputs({ name: 'hostile', source: 'no-such-image', [name]: text });
        const { code, outputs } = await runner.action(checkout, hostile);
        expect([code !== 0, outputs['status'] === 'RUNNING'], `${name}: ${text}`).toEqual([true, false]);
      }
    expect(existsSync(pwned)).toBe(false);
  });

  it('must keep commands for the runner out of its log', async () => {
    await client.run({
      environmentId: ids['staging'] ?? '',
      name: 'talker',
      image: 'busybox:1.36',
      command: ['sh', '-c', '[ -z "$GREETING" ] || { echo "$GREETING"; exit 1; }; exec sleep 86400'],
    });
    const greeting = { name: 'talker', tag: '1.36', variables: 'GREETING=::add-mask::RUNNING' };
    const { code, out, err } = await runner.action(checkout, inputs(greeting));
    expect(code, err).toBe(1);
    const [before = '', token = '', held = ''] = out.split(/^::stop-commands::(\S+)\n/m);
    expect(`${before}${err}`).not.toContain('::add-mask::');
    expect(held).toMatch(/::add-mask::RUNNING\n[^]*$/);
    expect(held.indexOf(`::${token}::`)).toBe(held.length - `::${token}::\n`.length);
  });
});

describe('a CI system with a shell', () => {
  it(
    'must deploy and promote with what the guide says, from a fresh checkout',
    async () => {
      const env = { BERTH_URL: platform.baseUrl, BERTH_API_KEY: key, CI_COMMIT_SHA: 'c0ffee2' };
      const BERTH_SOURCE = runner.checkout('other');
      const { code, out, err } = await runner.script(sectionOf('Other CI systems'), { ...env, BERTH_SOURCE });
      expect(code, `${out}${err}`).toBe(0);
      expect(out).toMatch(/api is RUNNING in staging\.\n[^]*api is RUNNING in prod\.\n$/);
    },
    WITH_NPM_MS,
  );

  it('must release and promote with curl', async () => {
    const before = await runningIn('prod');
    const { code, text } = await shell(sectionOf('With curl'));
    expect(code, text).toBe(0);
    const after = await runningIn('prod');
    expect(after?.id).not.toBe(before?.id);
    expect(after?.imageDigest).toBe(before?.imageDigest);
  });
});

it('a leaked key of the pipeline must do nothing elsewhere', async () => {
  const elsewhere = await client.createEnvironment('elsewhere');
  const leaked = new ApiClient(platform.baseUrl, key);
  expect((await leaked.request('GET', `/environments/${elsewhere.id}`)).status).toBe(404);
  expect((await leaked.request('POST', '/environments', { name: 'more' })).status).toBe(403);
  const deployed = await runner.action(checkout, inputs({ environment: 'elsewhere', source: 'nginx:alpine' }));
  expect([deployed.code, deployed.out]).toEqual([5, expect.stringContaining('There is no environment elsewhere')]);
});
