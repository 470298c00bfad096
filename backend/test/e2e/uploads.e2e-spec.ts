import { createHash, randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deployment } from '../../../clients/typescript/src/index.js';
import { dockerApplication } from '../scenario/applications.js';
import { folderOf, scratchFolder } from '../scenario/archives.js';
import type { ApiClient } from '../scenario/api-client.js';
import { EngineView } from '../scenario/engine-view.js';
import { Platform } from '../scenario/platform.js';
import { eventually } from '../testbed/eventually.js';

const answerOf = async (port: number, path = '/') => (await fetch(`http://127.0.0.1:${port}${path}`)).text();

describe('a deployment from an upload', () => {
  const platform = new Platform({ BUILD_MIN_FREE_DISK_MB: '1' });
  const engine = new EngineView();
  let client: ApiClient;
  let environmentId: string;

  beforeAll(async () => {
    await platform.start();
    client = await platform.client();
    environmentId = (await client.createEnvironment()).id;
  });
  afterAll(() => platform.stop());

  const expire = (id: string) =>
    platform.sql(`UPDATE "Upload" SET "expiresAt" = now() - interval '2 minutes' WHERE id = $1`, [id]);
  const uploads = () => platform.sql<{ id: string }>('SELECT id FROM "Upload" ORDER BY "createdAt"');
  const redeployed = async (id: string): Promise<Deployment> => {
    const { jobId } = await client.ok<{ jobId: string }>('POST', `/deployments/${id}/redeploy`);
    return client.settled(jobId);
  };

  it('must run an image that needs no registry, from the plan to the page', async () => {
    const body = gzipSync(await scratchFolder());
    const upload = await client.upload(body, 'application/gzip');
    const sha256 = createHash('sha256').update(body).digest('hex');
    expect(upload).toMatchObject({ sha256, sizeBytes: body.length });
    expect(new Date(upload.expiresAt).getTime() - Date.now()).toBeGreaterThan(3_500_000);
    const request = {
      environmentId,
      uploadId: upload.uploadId,
      name: 'hello',
      ports: [{ container: 8080, host: 3021 }],
    };
    const { plan } = await client.ok<{ plan: object }>('POST', '/deployments/from-upload', {
      ...request,
      dryRun: true,
    });
    expect(plan).toMatchObject({ source: 'UPLOAD', sourceSha256: sha256, replaces: null });
    const deployment = await client.runFromUpload(request);
    expect(deployment).toMatchObject({
      source: 'UPLOAD',
      sourceSha256: sha256,
      gitUrl: null,
      build: { method: 'DOCKERFILE' },
    });
    expect(await answerOf(3021)).toBe('ok\n');
    expect(await client.buildLogs(deployment.id)).toMatch(/COPY server/);
    expect(deployment.steps.map(({ name }) => name)).not.toContain('FetchSource');
    expect(await engine.imagesOf(environmentId)).toEqual([`${deployment.image}:${deployment.tag ?? ''}`]);
    const { events } = await (await platform.client('9', 'ADMIN')).ok<{ events: object[] }>('GET', '/audit?limit=100');
    expect(events).toContainEqual(expect.objectContaining({ action: 'upload.created', target: upload.uploadId }));
    await client.ok('DELETE', `/deployments/${deployment.id}`);
  });

  it(
    'must find out how to run what has no Dockerfile, and build a folder of it with arguments',
    { tags: 'long' },
    async () => {
      const site = await client.upload(await folderOf({ 'index.html': 'a site', '.git/config': 'secret' }));
      const page = await client.runFromUpload({
        environmentId,
        uploadId: site.uploadId,
        ports: [{ container: 8080, host: 3022 }],
      });
      expect(page.build?.detected).toBe('a static site (index.html)');
      expect(await answerOf(3022)).toBe('a site');
      const web = dockerApplication('')['Dockerfile'] as string;
      const monorepo = await client.upload(
        await folderOf({
          'services/web/docker/web.Dockerfile': web,
          'services/web/index.html': 'from the folder',
          'services/web/.dockerignore': 'secret.txt\n',
          'services/web/secret.txt': 'not for the image',
          'outside.txt': 'outside',
        }),
      );
      const folder = await client.runFromUpload({
        environmentId,
        uploadId: monorepo.uploadId,
        buildContext: 'services/web/',
        dockerfile: 'docker/web.Dockerfile',
        buildArgs: { GREETING: 'good morning' },
        ports: [{ container: 80, host: 3023 }],
      });
      expect(await answerOf(3023, '/greeting.txt')).toBe('good morning\n');
      expect((await engine.exec(folder.id, 'ls', '/srv')).output).not.toMatch(/secret|outside/);
      const missing = await client.deployFromUpload({
        environmentId,
        uploadId: site.uploadId,
        buildContext: 'nowhere',
      });
      expect(await client.settled(missing.jobId)).toMatchObject({
        status: 'FAILED',
        errorCode: 'DOCKERFILE_INVALID',
        errorMessage: expect.stringContaining('no folder nowhere in the upload') as string,
      });
      for (const { id } of [page, folder]) await client.ok('DELETE', `/deployments/${id}`);
    },
  );

  it(
    'must go back, and be released again from its upload, then from its image, then not at all',
    { tags: 'long' },
    async () => {
      const first = await client.upload(await scratchFolder([{ name: 'version', content: '1' }]));
      const second = await client.upload(await scratchFolder([{ name: 'version', content: '2' }]));
      const run = ({ uploadId }: { uploadId: string }) =>
        client.runFromUpload({ environmentId, uploadId, name: 'again', ports: [{ container: 8080 }] });
      const [one, two] = [await run(first), await run(second)];
      const { jobId } = await client.ok<{ jobId: string }>('POST', `/deployments/${two.id}/rollback`);
      expect(await client.settled(jobId)).toMatchObject({ status: 'RUNNING', imageDigest: one.imageDigest });
      const built = await redeployed(two.id);
      expect(built.steps.map(({ name }) => name)).toContain('BuildImage');
      await expire(second.uploadId);
      const kept = await redeployed(two.id);
      expect(kept).toMatchObject({ status: 'RUNNING', imageDigest: two.imageDigest, sourceSha256: second.sha256 });
      expect(kept.steps.map(({ name }) => name)).not.toContain('BuildImage');
      const failed = await client.deployFromUpload({ environmentId, uploadId: first.uploadId, dockerfile: 'none' });
      expect((await client.settled(failed.jobId)).status).toBe('FAILED');
      await expire(first.uploadId);
      expect(await client.request('POST', `/deployments/${failed.deploymentId}/redeploy`)).toMatchObject({
        status: 409,
        body: { code: 'UPLOAD_GONE' },
      });
      const hook = await client.request('POST', `/environments/${environmentId}/hooks`, { name: 'again' });
      expect(hook).toMatchObject({ status: 404, body: { code: 'DEPLOYMENT_NOT_FOUND' } });
      await client.ok('DELETE', `/deployments/${kept.id}`);
    },
  );

  it('must be the same one for the same key and body, and another body is refused', async () => {
    const body = await folderOf({ 'index.html': randomUUID() });
    const headers = { 'Idempotency-Key': randomUUID() };
    const send = (bytes: Buffer<ArrayBuffer>) =>
      client.send<{ uploadId: string; code: string }>('/uploads', bytes, 'application/x-tar', headers);
    const first = await send(body);
    const again = await send(body);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    const other = await send(await folderOf({ 'index.html': 'other' }));
    expect([other.status, other.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    const deploy = { environmentId, uploadId: first.body.uploadId, name: 'once', ports: [{ container: 8080 }] };
    const made = await client.request<{ jobId: string }>('POST', '/deployments/from-upload', deploy, headers);
    await expire(first.body.uploadId);
    const replayed = await client.request<{ jobId: string }>('POST', '/deployments/from-upload', deploy, headers);
    expect(replayed.body).toEqual(made.body);
    expect((await client.settled(made.body.jobId)).status).toBe('RUNNING');
  });

  it(
    'must be of one user only, five at a time, of which the oldest that was built makes room',
    { tags: 'long' },
    async () => {
      const scopes = 'ENVIRONMENTS_WRITE,ENVIRONMENTS_READ,DEPLOYMENTS_WRITE,DEPLOYMENTS_READ,LOGS_READ';
      const [other, third] = [await platform.client('2', scopes), await platform.client('3', scopes)];
      const theirs = await third.createEnvironment('theirs');
      const { id } = await other.createEnvironment('other');
      const body = await scratchFolder();
      const ids: string[] = [];
      for (let count = 0; count < 5; count++) ids.push((await other.upload(body)).uploadId);
      const full = await other.send('/uploads', body, 'application/x-tar');
      expect(full).toMatchObject({ status: 409, body: { code: 'UPLOAD_QUOTA_EXCEEDED' } });
      for (const uploadId of [ids[2], 'cl0000000000000000000000x'])
        expect(
          await third.request('POST', '/deployments/from-upload', { environmentId: theirs.id, uploadId }),
        ).toMatchObject({
          status: 404,
          body: { code: 'UPLOAD_NOT_FOUND', detail: `Upload ${uploadId ?? ''} does not exist, or has expired.` },
        });
      await other.runFromUpload({ environmentId: id, uploadId: ids[2] });
      const { uploadId } = await other.upload(body);
      const kept = (await uploads()).map((row) => row.id);
      expect(kept).toEqual(expect.arrayContaining([ids[0], ids[1], ids[3], ids[4], uploadId]));
      expect(kept).not.toContain(ids[2]);
      await other.deleteEnvironment(id);
    },
  );

  it(
    'must be kept beyond its hour while a build waits for it, and be swept when none does',
    { tags: 'long' },
    async () => {
      const Dockerfile = `FROM busybox:1.36\nRUN sleep 600 # ${randomUUID()}\n`;
      const blocking = await client.upload(await folderOf({ Dockerfile }));
      const waiting = await client.upload(await scratchFolder());
      const first = await client.deployFromUpload({ environmentId, uploadId: blocking.uploadId });
      await eventually(async () => expect((await client.job(first.jobId)).progress?.step).toBe('BUILDING'), 30_000);
      const second = await client.deployFromUpload({ environmentId, uploadId: waiting.uploadId });
      for (const { uploadId } of [blocking, waiting]) await expire(uploadId);
      await platform.restart({});
      expect((await uploads()).map(({ id }) => id)).toEqual(
        expect.arrayContaining([blocking.uploadId, waiting.uploadId]),
      );
      await eventually(async () => expect((await client.job(first.jobId)).progress?.step).toBe('BUILDING'), 30_000);
      await client.ok('POST', `/deployments/job/${first.jobId}/cancel`);
      expect(await client.settled(first.jobId)).toMatchObject({ status: 'FAILED', errorCode: 'CANCELLED' });
      expect((await client.settled(second.jobId)).status).toBe('RUNNING');
      await platform.restart({});
      const left = async () => (await uploads()).map(({ id }) => id);
      await eventually(async () => {
        expect(await left()).not.toContain(blocking.uploadId);
        expect(await left()).not.toContain(waiting.uploadId);
      }, 10_000);
      const [{ count } = { count: '-1' }] = await platform.sql<{ count: string }>(
        'SELECT count(*) FROM "UploadChunk" WHERE NOT EXISTS (SELECT 1 FROM "Upload" WHERE id = "uploadId")',
      );
      expect(count).toBe('0');
    },
  );
});
