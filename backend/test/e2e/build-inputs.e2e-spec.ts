import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../scenario/api-client.js';
import { EngineView } from '../scenario/engine-view.js';
import { type GitPlatform, startGitPlatform } from '../scenario/git-platform.js';
import { TokenRegistry } from '../scenario/token-registry.js';
import { privateRegistry } from '../testbed/registries.js';

const CANARY = 'canary-of-the-build-7d1f';
const BASE = `${privateRegistry.address}/acme/web:1`;

describe('what a build hears and sees', () => {
  const engine = new EngineView();
  let bed: GitPlatform;
  let client: ApiClient;
  let environmentId: string;

  beforeAll(async () => {
    bed = await startGitPlatform({ RATE_LIMIT_MAX: '1000' });
    client = bed.client;
    environmentId = (await client.createEnvironment('hearing')).id;
  });
  afterAll(() => bed?.stop());

  it(
    'must be the context of docker build: links, names of any bytes, files of any system, and the commit',
    { tags: 'long' },
    async () => {
      const lines = [
        'FROM busybox:1.36',
        'ARG SOURCE_COMMIT',
        'COPY . /srv',
        'RUN echo "$SOURCE_COMMIT" > /commit \\',
        ' && test ! -e /srv/secret.txt',
        'STOPSIGNAL SIGKILL',
        'CMD ["sleep", "600"]',
      ];
      const sha = await bed.git.create('context', {
        LICENSE: 'MIT',
        'packages/web/docker/prod.Dockerfile': `\uFEFF${lines.join('\r\n')}\r\n`,
        'packages/web/Dockerfile': { link: 'docker/prod.Dockerfile' },
        'packages/web/.dockerignore': '\uFEFFsecret.txt\r\ndocker\r\n',
        'packages/web/secret.txt': 'secret',
        'packages/web/LICENSE': { link: '../../LICENSE' },
        'packages/web/localtime': { link: '/usr/share/zoneinfo/Europe/Berlin' },
        'packages/web/note': { link: 'nothing' },
        'packages/web/gr\udcfcn.txt': 'green',
      });
      const deployment = await client.runFromGit({
        environmentId,
        name: 'context',
        gitUrl: bed.git.url('context'),
        buildContext: 'packages/web',
        envVars: { BERTH_NAME: 'mine' },
      });
      const output = async (...command: string[]) => (await engine.exec(deployment.id, ...command)).output;
      expect(await output('cat', '/commit')).toBe(`${sha}\n`);
      const listed = await output('ls', '-l', '/srv');
      for (const link of [
        'LICENSE -> ../../LICENSE',
        'localtime -> /usr/share/zoneinfo/Europe/Berlin',
        'note -> nothing',
      ])
        expect(listed).toContain(link);
      expect(await output('sh', '-c', String.raw`cat "$(printf '/srv/gr\374n.txt')"`)).toBe('green');
      const variables = (await output('cat', '/proc/self/environ')).split('\0');
      expect(variables).toEqual(
        expect.arrayContaining([
          'BERTH_NAME=mine',
          'BERTH_ENVIRONMENT=hearing',
          `BERTH_DEPLOYMENT_ID=${deployment.id}`,
          `BERTH_COMMIT=${sha}`,
          'BERTH_PUBLIC_URL=',
        ]),
      );
    },
  );

  it('must be a stage, its secrets and a private base image, with credentials and secrets found nowhere', async () => {
    const other = await new TokenRegistry().start();
    await bed.git.create('private', {
      Dockerfile: `FROM ${BASE} AS production
COPY --from=${other.address}/library/busybox:1.36 /bin/busybox /other
RUN --mount=type=secret,id=npmrc,required=true cat /run/secrets/npmrc && wc -c < /run/secrets/npmrc > /size
STOPSIGNAL SIGKILL
CMD ["sleep", "600"]
FROM production AS development
RUN exit 3
`,
    });
    const request = {
      environmentId,
      name: 'private',
      gitUrl: bed.git.url('private'),
      target: 'production',
      buildSecrets: { npmrc: CANARY },
      registryAuth: privateRegistry.credentials,
    };
    const deployment = await client.runFromGit(request);
    expect((await engine.exec(deployment.id, 'cat', '/size')).output).toBe(`${CANARY.length}\n`);
    expect(other.authorizations.filter((header) => header.startsWith('Basic'))).toEqual([]);
    other.stop();
    expect(await client.buildLogs(deployment.id)).toContain('***');
    const image = engine.docker.getImage(deployment.imageDigest ?? '');
    const places = [
      await client.buildLogs(deployment.id),
      JSON.stringify([await client.deployment(deployment.id), await image.history(), await image.inspect()]),
      JSON.stringify(await engine.servicesOf(deployment.id)),
      bed.platform.logs,
      await bed.platform.dump(),
    ];
    for (const place of places) {
      expect(place).not.toContain(CANARY);
      expect(place).not.toContain(privateRegistry.credentials?.password);
    }
  });

  it('must keep them in a redeployment, and refuse with the field to send', { tags: 'long' }, async () => {
    const Dockerfile = `FROM ${BASE} AS production
RUN --mount=type=secret,id=npmrc,required=true test -s /run/secrets/npmrc
STOPSIGNAL SIGKILL
CMD ["sleep", "600"]
`;
    await bed.git.create('again', { Dockerfile });
    const right = { username: 'deployer', password: 's3cret', registry: privateRegistry.address };
    const request = { environmentId, name: 'again', gitUrl: bed.git.url('again'), buildSecrets: { npmrc: CANARY } };
    const first = await client.runFromGit({ ...request, registryAuth: right });
    const { jobId } = await client.ok<{ jobId: string }>('POST', `/deployments/${first.id}/redeploy`);
    expect(await client.settled(jobId, 120_000)).toMatchObject({ status: 'RUNNING' });

    const fails = async (change: object, code: string, message: RegExp) => {
      const failed = await client.failFromGit({ ...request, name: 'refused', ...change });
      expect([failed.errorCode, failed.errorMessage]).toEqual([code, expect.stringMatching(message)]);
    };
    await fails({}, 'REGISTRY_AUTH', /requires credentials.*Add registryAuth/);
    await fails({ registryAuth: { ...right, password: 'wrong' } }, 'REGISTRY_AUTH', /refused the credentials/);
    await fails({ registryAuth: { ...right, registry: 'ghcr.io' } }, 'REGISTRY_AUTH', /registryAuth is for ghcr\.io/);
    await fails({ registryAuth: right, target: 'prod' }, 'DOCKERFILE_INVALID', /no stage prod.*stages are production/);
    // A cached step asks for no secret.
    await bed.git.commit('again', { Dockerfile: Dockerfile.replace('test -s', 'test -r') });
    await fails({ registryAuth: right, buildSecrets: {} }, 'BUILD_FAILED', /secret npmrc: add it to buildSecrets/);

    const otherUser = await bed.platform.client(
      '2',
      'ENVIRONMENTS_READ,ENVIRONMENTS_WRITE,DEPLOYMENTS_READ,DEPLOYMENTS_WRITE',
    );
    const theirs = { ...request, environmentId: (await otherUser.createEnvironment()).id };
    expect((await otherUser.failFromGit(theirs)).errorCode).toBe('REGISTRY_AUTH');
  });

  it('must warn of public variables that it does not see, and see them when asked to', { tags: 'long' }, async () => {
    const sha = await bed.git.create('bundled', {
      'package.json': JSON.stringify({ private: true, scripts: { build: 'node build.mjs', start: 'node server.mjs' } }),
      'build.mjs': `import { writeFileSync } from 'node:fs';
const { VITE_API = null, SOURCE_COMMIT } = process.env;
writeFileSync('built.json', JSON.stringify({ api: VITE_API, commit: SOURCE_COMMIT }));
`,
      'server.mjs': `import { readFileSync } from 'node:fs';
import http from 'node:http';
process.on('SIGTERM', () => process.exit());
http.createServer((_, response) => response.end(readFileSync('built.json'))).listen(process.env.PORT);
`,
    });
    const request = {
      environmentId,
      name: 'bundled',
      gitUrl: bed.git.url('bundled'),
      ports: [{ container: 3000, host: 3031 }],
      envVars: { VITE_API: 'https://api.test' },
    };
    const built = async () => (await fetch('http://127.0.0.1:3031/')).json();
    const deaf = await client.runFromGit(request);
    expect(deaf.build?.warnings).toEqual([expect.stringMatching(/does not see VITE_API of envVars.*buildEnvVars/)]);
    expect(await built()).toEqual({ api: null, commit: sha });
    const hearing = await client.runFromGit({ ...request, buildEnvVars: true });
    expect(hearing.build?.warnings).toEqual([]);
    expect(await built()).toEqual({ api: 'https://api.test', commit: sha });
  });
});
