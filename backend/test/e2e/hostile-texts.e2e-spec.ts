import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../scenario/api-client.js';
import { EngineView } from '../scenario/engine-view.js';
import { Platform } from '../scenario/platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';

const SECRET = 's3cr3t-{{canary"';
const TEMPLATE = '{{.Node.Hostname}}';
const BUSYBOX = { image: 'busybox', tag: '1.36' };

describe('texts of users, containers and the engine', () => {
  const platform = new Platform();
  const engine = new EngineView();
  let client: ApiClient;
  let environmentId: string;

  beforeAll(async () => {
    await platform.start();
    client = await platform.client('1');
    environmentId = (await client.createEnvironment()).id;
  });
  afterAll(() => platform.stop());

  it('must arrive in variables, paths and release commands as they were written', async () => {
    const envVars = { PASSWORD: SECRET, HOST: TEMPLATE, BRACES: '{{{{ }} {{/* */}} {{- 1 -}}' };
    const { id } = await client.run({
      environmentId,
      ...BUSYBOX,
      name: 'templates',
      envVars,
      volumes: [{ name: 'data', path: '/data/{{.Task.ID}}' }],
      releaseCommand: ['sh', '-c', '[ "$HOST" = "{{.Node"".Hostname}}" ] && echo "$BRACES"'],
      command: sh(IDLE),
    });
    for (const [name, value] of Object.entries(envVars))
      expect((await engine.exec(id, 'sh', '-c', `echo "$${name}"`)).output).toBe(`${value}\n`);
    expect((await engine.exec(id, 'ls', '/data')).output).toBe('{{.Task.ID}}\n');
    expect(await client.buildLogs(id)).toContain(envVars.BRACES);
    expect(await platform.dump()).not.toContain('s3cr3t-');
    expect(platform.logs).not.toContain('s3cr3t-');
  });

  it('must not come out in the message of a failure', async () => {
    const failed = await client.fail({
      environmentId,
      ...BUSYBOX,
      name: 'leaking',
      envVars: { PASSWORD: SECRET },
      command: ['sh', '-c', 'echo "cannot connect with $PASSWORD"; exit 1'],
    });
    expect(failed).toMatchObject({ errorCode: 'CONTAINER_CRASHED' });
    expect(failed.errorMessage).toContain('cannot connect with ***');
    const events = await platform.sql<{ data: object }>('SELECT data FROM "DeploymentEvent"');
    expect(JSON.stringify([failed, events])).not.toContain('s3cr3t-');
    expect(platform.logs).not.toContain('s3cr3t-');
  });

  it.each([
    ['NUL', String.raw`printf 'a\000b\n'`],
    ['half a character', String.raw`printf '\355\240\200\n'`],
    ['a cut pair', `i=0; while [ $i -lt 299 ]; do printf x; i=$((i+1)); done; printf '😀\\n'`],
    ['control characters', String.raw`printf '\033[31mred\007\n'`],
  ])('must give a verdict whatever a container prints: %s', { tags: 'long' }, async (_title, print) => {
    const failed = await client.fail({ environmentId, ...BUSYBOX, command: ['sh', '-c', `${print}; exit 1`] }, 30_000);
    expect(failed).toMatchObject({ status: 'FAILED', errorCode: 'CONTAINER_CRASHED' });
    // eslint-disable-next-line no-control-regex -- control characters must not be shown
    expect(failed.errorMessage).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f]/);
    expect(failed.errorMessage?.isWellFormed()).toBe(true);
  });

  it('must give a verdict whatever a release command prints', async () => {
    const releaseCommand = ['sh', '-c', String.raw`printf 'a\000b\n'; exit 3`];
    const failed = await client.fail({ environmentId, ...BUSYBOX, releaseCommand, command: sh(IDLE) }, 30_000);
    expect(failed).toMatchObject({ errorCode: 'RELEASE_COMMAND_FAILED' });
    expect(failed.errorMessage).toContain('ab');
  });
});
