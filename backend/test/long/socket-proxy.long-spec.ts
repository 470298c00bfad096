import { readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dockerApplication } from '../scenario/applications.js';
import { EngineView } from '../scenario/engine-view.js';
import { type GitPlatform, startGitPlatform } from '../scenario/git-platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { eventually } from '../testbed/eventually.js';
import { engineUnderTest } from '../testbed/testbed.js';

const CONFIG = readFileSync(path.resolve(import.meta.dirname, '../../../nginx/socket-proxy.conf'), 'utf8');
const IMAGE = 'nginx:1.30-alpine';
const PORT = 2375;
const engine = new EngineView();
let filter = '';
let container: ReturnType<typeof engine.docker.getContainer>;
let bed: GitPlatform;

beforeAll(async () => {
  await engine.pull(IMAGE);
  container = await engine.docker.createContainer({
    Image: IMAGE,
    Entrypoint: [
      'sh',
      '-c',
      'echo "$CONFIG" >/tmp/nginx.conf; exec nginx -e stderr -c /tmp/nginx.conf -g "daemon off;"',
    ],
    Env: [`CONFIG=${CONFIG}`],
    User: '65534:65534',
    HostConfig: {
      GroupAdd: [String(statSync(engineUnderTest().socketPath).gid)],
      Binds: [`${engineUnderTest().socketPath}:/var/run/docker.sock`],
    },
  });
  await container.start();
  const { NetworkSettings } = await container.inspect();
  filter = `${NetworkSettings.Networks['bridge']?.IPAddress ?? ''}:${PORT}`;
  await eventually(async () => expect((await fetch(`http://${filter}/_ping`)).status).toBe(200), 20_000);
  bed = await startGitPlatform({ DOCKER_HOST: `tcp://${filter}` });
}, 120_000);
afterAll(async () => {
  await bed.stop();
  await container.remove({ force: true });
}, 60_000);

describe('the filter before the Docker socket', () => {
  it('must let everything pass that a deployment needs, from a repository to its end', async () => {
    const { client, git } = bed;
    await git.create('shop', dockerApplication('built'));
    const { id: environmentId } = await client.createEnvironment();
    const shop = await client.runFromGit({
      environmentId,
      name: 'shop',
      gitUrl: git.url('shop'),
      ports: [{ container: 80 }],
    });
    expect(await client.buildLogs(shop.id)).not.toBe('');
    const web = await client.run({
      environmentId,
      name: 'web',
      image: 'fetched-after',
      tag: '1',
      command: sh(`echo spoken; ${IDLE}`),
      volumes: [{ name: 'data', path: '/data' }],
      releaseCommand: ['sh', '-c', 'echo before'],
    });
    expect(await client.logs(web.id)).toContain('spoken');
    const { jobId } = await client.deploy({ environmentId, name: 'none', image: 'no-such-image' });
    expect((await client.settled(jobId)).errorCode).toBe('IMAGE_NOT_FOUND');
    await client.deleteEnvironment(environmentId);
    expect(await engine.leftovers(environmentId)).toEqual([]);
  }, 240_000);

  it('must refuse what the platform does not use, however it is written', async () => {
    const { Id } = await container.inspect();
    for (const [method, target] of [
      ['POST', `/containers/${Id}/exec`],
      ['POST', `/v1.41/containers/${Id}/exec`],
      ['POST', `/services/../containers/${Id}/exec`],
      ['POST', `/services/%2e%2e/containers/${Id}/exec`],
      ['POST', `//containers/${Id}/exec`],
      ['POST', `/containers/${Id}/attach`],
      ['POST', `/containers/${Id}/kill`],
      ['POST', '/swarm/leave?force=true'],
      ['POST', '/swarm/update'],
      ['GET', '/swarm'],
      ['POST', '/plugins/pull'],
      ['POST', '/images/prune'],
      ['GET', `/containers/${Id}/export`],
    ] as const) {
      const status = await ask(method, target);
      expect(status, `${method} ${target}`).toBe(403);
    }
  });
});

/** As it stands: fetch would tidy the path. */
function ask(method: string, target: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const [host, port] = filter.split(':');
  request({ host, port, method, path: target }, (answer) => {
    answer.resume();
    resolve(answer.statusCode ?? 0);
  })
    .once('error', reject)
    .end();
  return promise;
}
