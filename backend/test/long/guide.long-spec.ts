/** Every command of docs/guide, pasted into one shell a page, in the order of its index. ci.md has a file of its own. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { codeBlocks, guidePages, guidePrelude } from '../../../script/lib/guide.mjs';
import type { ApiClient } from '../scenario/api-client.js';
import { CommandLine } from '../scenario/command-line.js';
import { PublicPlatform, WAIT_FOR_OTHERS_MS } from '../scenario/public-platform.js';
import { uniqueDomain } from '../scenario/web-application.js';
import { eventually } from '../testbed/eventually.js';
import { GitServer } from '../testbed/git-server.js';

/** In the order of the index; what the output of each page shows. */
const PAGES: Record<string, RegExp> = {
  'deploy-an-image.md': /^web is RUNNING in shop\.\n[^]*Welcome to nginx[^]*^RUNNING\n/m,
  'deploy-from-git.md': /^api is RUNNING in shop\.\n[^]*from git[^]*^api is RUNNING[^]*^RUNNING\n[^]*"secret":/m,
  'run-a-migration.md': /^migrated\n[^]*"status": "SUCCEEDED",\n *"exitCode": 0[^]*migrated\n[^]*^RUNNING\n/m,
  'deploy-a-folder.md': /^hello is RUNNING in shop\.\n[^]*version 1[^]*^RUNNING\n/m,
  'change-a-variable.md':
    /^hello is RUNNING[^]*version 2[^]*added envVars\.API_TOKEN[^]*^hello is RUNNING[^]*^RUNNING\n[^]*version 3/m,
  'put-it-on-the-internet.md': /^shop is public as [^]*^https:\/\/shop-[^]*^ENVIRONMENT +NAME[^]*"shop-[^]*version 3/m,
  'roll-back.md': /^hello is RUNNING[^]*version 2[^]*^hello +STOPPED[^]*^hello is RUNNING[^]*^RUNNING\n/m,
};
/** ci-guide.e2e-spec.ts runs it. */
const ELSEWHERE = ['ci.md'];

const site = new PublicPlatform();
const git = new GitServer();
const cli = new CommandLine();
const domain = uniqueDomain('shop');
const folder = mkdtempSync(path.join(tmpdir(), 'berth-guide-'));
let client: ApiClient;

beforeAll(async () => {
  await Promise.all([git.start(), cli.build()]);
  // `npm run migrate` without Node.js.
  const Dockerfile = `FROM busybox:1.36
RUN printf '#!/bin/sh\\necho migrated\\n' > /bin/npm && chmod 755 /bin/npm
COPY . /srv
STOPSIGNAL SIGKILL
CMD ["httpd", "-f", "-p", "80", "-h", "/srv"]
`;
  await git.create('shop', { 'index.html': 'from git', Dockerfile });
  client = await site.start({
    GIT_ALLOWED_PRIVATE_HOSTS: '127.0.0.1',
    GIT_CA_FILE: git.caFile,
    BUILD_MIN_FREE_DISK_MB: '1',
    // Builds need a connection of their own to the engine.
    DOCKER_HOST: process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock',
  });
  writeFileSync(path.join(folder, 'root.pem'), site.root);
  cli.install(path.join(folder, 'berth'));
}, WAIT_FOR_OTHERS_MS);
afterAll(async () => {
  await site.stop();
  git.stop();
  cli.remove();
  rmSync(folder, { recursive: true });
});

/** As a visitor of the internet, which here ends at the front of this test. */
const visitor = () => `curl() {
  command curl --cacert '${folder}/root.pem' --connect-to '${domain}:443:127.0.0.1:${site.httpsPort}' "$@"
}
`;

async function paste(page: string): Promise<{ code: number; text: string }> {
  const commands = codeBlocks(page, 'sh').map(({ code }) => code);
  const script = [`PATH='${folder}':$PATH\n`, visitor(), guidePrelude(site.platform.baseUrl), ...commands]
    .join('')
    .replaceAll('https://github.com/acme/shop.git', git.url('shop'))
    .replaceAll('shop.example.com', domain);
  const file = path.join(folder, `${page}.sh`);
  writeFileSync(file, `set -euo pipefail\n${script}`);
  chmodSync(file, 0o600);
  return site.platform.shell(file);
}

it('the guide must have no page that no test runs', () => {
  expect([...Object.keys(PAGES), ...ELSEWHERE].sort()).toEqual(guidePages().sort());
});

for (const [page, shown] of Object.entries(PAGES)) {
  it(`the commands of ${page} must do what the page says`, async () => {
    const { code, text } = await paste(page);
    expect(code, text).toBe(0);
    expect(text).toMatch(shown);
    expect(text).not.toMatch(/^FAILED$/m);
  });
}

it('the pages together must leave three deployments that run, and their environment public', async () => {
  const { body } = await client.request<{ environments: { id: string; publicDomain: string }[] }>(
    'GET',
    '/environments',
  );
  const [shop] = body.environments;
  expect(shop?.publicDomain).toBe(domain);
  // A previous release is STOPPED only after the next one is RUNNING.
  await eventually(async () => {
    const running = (await client.deployments(shop?.id ?? '')).filter(({ status }) => status === 'RUNNING');
    expect(running.map(({ name }) => name).sort()).toEqual(['api', 'hello', 'web']);
  }, 60_000);
});
