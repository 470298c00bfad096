/** @module-tag long */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deployment } from '../../../clients/typescript/src/index.js';
import type { ApiClient } from '../scenario/api-client.js';
import { CommandLine } from '../scenario/command-line.js';
import { Platform } from '../scenario/platform.js';

const cli = new CommandLine();
const platform = new Platform();
let client: ApiClient;

beforeAll(async () => {
  await cli.build();
  await platform.start();
  client = await platform.client();
  for (const name of ['shop', 'seen']) await client.createEnvironment(name);
});
afterAll(async () => {
  await platform.stop();
  cli.remove();
});

const login = () => ({ BERTH_URL: platform.baseUrl, BERTH_API_KEY: client.apiKey, BERTH_ENV: 'shop' });
const berth = (args: string[], env: Record<string, string> = login(), input = '') => cli.run(args, env, input);

describe('berth', () => {
  it('must end with 6 when the time to wait is over, while the deployment continues', async () => {
    const slow = ['deploy', 'busybox:1.36', '--name', 'slow', '--release-command', 'sleep', '--release-command', '600'];
    const { code, out, err } = await berth([...slow, '--port', '80', '--wait', '--timeout', '2s', '--json']);
    expect([code, err]).toEqual([6, expect.stringMatching(/slow is still [A-Z_]+\. It continues/)]);
    const { jobId } = JSON.parse(out) as Deployment;
    await client.request('POST', `/deployments/job/${jobId}/cancel`);
    expect((await client.settled(jobId)).status).toBe('FAILED');
  });

  it('must show what runs and what fails now, and the URL for visitors', async () => {
    const inSeen = { ...login(), BERTH_ENV: 'seen' };
    const variables = ['--set-file', '-', '--wait', '--json'];
    const deployed = await berth(
      ['deploy', 'nginx:alpine', '-n', 'web', '-p', '3062:80', ...variables],
      inSeen,
      'A=b c\n',
    );
    expect(JSON.parse(deployed.out)).toMatchObject({ url: 'http://127.0.0.1:3062', envVars: { A: '***' } });
    expect((await berth(['open'], inSeen)).out).toBe('http://127.0.0.1:3062\n');
    expect(JSON.parse((await berth(['open', 'web', '--json'], inSeen)).out)).toEqual({ url: 'http://127.0.0.1:3062' });
    const nothing = await berth(['open', 'nobody'], inSeen);
    expect([nothing.code, nothing.err]).toEqual([5, expect.stringContaining('has no public domain')]);
    const calm = await berth(['status'], inSeen);
    expect(calm.out).toMatch(/\nseen +web +RUNNING +1\/1 +nginx:alpine +\d+ [smh] +http:\/\/127.0.0.1:3062\n/);
    await berth(['deploy', 'no-such-image', '-n', 'web', '--wait'], inSeen);
    const failing = await berth(['status', '--check', '--json'], inSeen);
    expect(failing.code).toBe(1);
    const { environments, failing: reasons } = JSON.parse(failing.out) as {
      environments: { name: string; deployments: { name: string; status: string; healthy: number }[] }[];
      failing: { what: string; reason: string }[];
    };
    expect(environments).toMatchObject([
      { name: 'seen', deployments: [{ name: 'web', status: 'RUNNING', healthy: 1 }] },
    ]);
    expect(reasons).toContainEqual({
      what: 'seen/web',
      reason: expect.stringMatching(/FAILED \(IMAGE_NOT_FOUND\).* The previous one serves\./) as string,
    });
    expect((await berth(['status'], { ...login(), BERTH_ENV: '' })).out).toMatch(
      /\nshop +[^]*\nseen +web +RUNNING|\nseen +web +RUNNING[^]*\nshop +/,
    );
  });

  it('must complete names, and without a server only words of its own', async () => {
    expect((await berth(['__complete', 'logs', '--env', 'seen', ''])).out).toBe('web\n');
    expect((await berth(['__complete', 'ps', '--env', 'se'])).out).toBe('seen\n');
    const offline = { BERTH_URL: 'http://127.0.0.1:1', BERTH_API_KEY: 'x' };
    expect(await berth(['__complete', 'ps', '--env', ''], offline)).toEqual({ code: 0, out: '', err: '' });
    expect((await berth(['__complete', 'roll'], {})).out).toContain('rollback\n');
  });
});
