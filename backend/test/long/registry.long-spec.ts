import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deployment } from '../../../clients/typescript/src/index.js';
import { dockerApplication } from '../scenario/applications.js';
import { EngineView } from '../scenario/engine-view.js';
import { type GitPlatform, startGitPlatform } from '../scenario/git-platform.js';
import { removeOwnRegistry } from '../scenario/own-registry.js';
import { eventually } from '../testbed/eventually.js';
import { runCommand } from '../testbed/run-command.js';

const PORT = '5015';
const engine = new EngineView();
let bed: GitPlatform;

beforeAll(async () => {
  bed = await startGitPlatform({ BUILD_REGISTRY: 'own', BUILD_REGISTRY_PORT: PORT, DRAIN_SECONDS: '0' });
});
afterAll(async () => {
  await bed.stop();
  await removeOwnRegistry(engine.docker);
}, 60_000);

/** By its files: nobody else is let in. */
async function has({ image, tag }: Deployment): Promise<boolean> {
  const folder = '/var/lib/registry/docker/registry/v2/repositories';
  const tags = `${folder}/${image.split('/').slice(1).join('/')}/_manifests/tags/${tag ?? ''}`;
  const [registry] = await engine.containersOfService('berth_registry');
  return (await engine.execIn(registry ?? '', 'test', '-d', tags)).exitCode === 0;
}

describe('the own registry', () => {
  it('must keep what is built, and be reached from this node and from nowhere else', async () => {
    const { client, git } = bed;
    await git.create('shop', dockerApplication('first'));
    const { id: environmentId } = await client.createEnvironment();
    const body = { environmentId, name: 'shop', gitUrl: git.url('shop'), ports: [{ container: 80 }] };
    const first = await client.runFromGit(body);
    expect(first.image).toBe(`127.0.0.1:${PORT}/berth/${environmentId}/shop`);
    const addresses = (await runCommand('hostname', ['-I'])).trim().split(/\s+/);
    for (const address of addresses.filter((one) => !one.includes(':')))
      await expect(fetch(`http://${address}:${PORT}/v2/`), address).rejects.toThrow('fetch failed');
    for (const path of ['', '_catalog', `berth/${environmentId}/shop/tags/list`])
      expect((await fetch(`http://127.0.0.1:${PORT}/v2/${path}`)).status).toBe(401);
    const inside = await engine.exec(first.id, 'sh', '-c', 'getent hosts registry || echo unknown');
    expect(inside.output).toContain('unknown');
  }, 240_000);

  it('must give nothing to other users, by an image, by FROM or by ADD', async () => {
    const { client, git, platform } = bed;
    const { id: environmentId } = await client.createEnvironment();
    await git.create('secret', dockerApplication('secret'));
    const body = { environmentId, name: 'secret', gitUrl: git.url('secret'), ports: [{ container: 80 }] };
    const { id, image, tag } = await client.runFromGit(body);
    await client.ok('DELETE', `/deployments/${id}`);
    await engine.expectContainers(id, 0, 20_000);
    await eventually(() => engine.forgetImage(image), 20_000);
    const other = await platform.client('2');
    const { id: elsewhere } = await other.createEnvironment();
    const { jobId } = await other.deploy({ environmentId: elsewhere, name: 'thief', image, tag });
    expect((await other.settled(jobId)).errorCode).toBe('REGISTRY_AUTH');
    for (const [name, line] of [
      ['from', `FROM ${image}:${tag ?? ''}`],
      ['add', `FROM busybox:1.36\nADD http://127.0.0.1:${PORT}/v2/_catalog /catalog`],
    ] as const) {
      await git.create(name, { Dockerfile: `${line}\n` });
      const failed = await other.failFromGit({ environmentId: elsewhere, name, gitUrl: git.url(name) });
      expect(failed.errorCode, failed.errorMessage ?? '').toMatch(/REGISTRY_AUTH|BUILD_FAILED/);
      expect(await other.buildLogs(failed.id)).toMatch(/401|authorization failed|no basic auth/i);
    }
  }, 240_000);

  it('must forget what nobody may want back, serve meanwhile, and take pushes again', async () => {
    const { client, git, platform } = bed;
    const { id: environmentId } = await client.createEnvironment();
    await git.create('blog', dockerApplication('0'));
    const body = { environmentId, name: 'blog', gitUrl: git.url('blog'), ports: [{ container: 80 }] };
    const built = [await client.runFromGit(body)];
    for (let release = 1; release <= 4; release++) {
      await git.commit('blog', dockerApplication(String(release)));
      built.push(await client.runFromGit(body));
    }
    await platform.sql(`UPDATE "Deployment" SET "createdAt" = "createdAt" - interval '2 hours'`);
    await platform.sql(`SELECT graphile_worker.add_job('registry.collect', '{}')`);
    await git.commit('blog', dockerApplication('5'));
    await eventually(
      async () => expect(await Promise.all(built.map(has))).toEqual([false, false, true, true, true]),
      120_000,
    );
    const meanwhile = await client.runFromGit(body);
    expect(await has(meanwhile)).toBe(true);
    const { jobId } = await client.ok<{ jobId: string }>('POST', `/deployments/${meanwhile.id}/rollback`, {
      deploymentId: built.at(-1)?.id,
    });
    expect((await client.settled(jobId)).status).toBe('RUNNING');
    const { details } = await client.ok<{ details: { registry: { status: string } } }>('GET', '/health');
    expect(details.registry.status).toBe('up');
  }, 400_000);

  it('must be there again when all of it was killed', async () => {
    const { client, git } = bed;
    for (const service of ['berth_registry', 'berth_registry_relay', 'berth_registry_door']) {
      for (const id of await engine.containersOfService(service))
        await engine.docker.getContainer(id).kill({ signal: 'SIGKILL' });
    }
    await git.create('again', dockerApplication('again'));
    const { id: environmentId } = await client.createEnvironment();
    await client.runFromGit({ environmentId, name: 'again', gitUrl: git.url('again'), ports: [{ container: 80 }] });
  }, 240_000);
});
