import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deployment } from '../../../clients/typescript/src/index.js';
import type { ApiClient } from '../scenario/api-client.js';
import { CommandLine } from '../scenario/command-line.js';
import { Platform } from '../scenario/platform.js';
import { eventually } from '../testbed/eventually.js';

const BACKEND = path.resolve(import.meta.dirname, '../..');
const cli = new CommandLine();
const platform = new Platform();
let client: ApiClient;
let environment: { id: string; name: string };

beforeAll(async () => {
  await cli.build();
  await platform.start();
  client = await platform.client();
  environment = await client.createEnvironment('shop');
});
afterAll(async () => {
  await platform.stop();
  cli.remove();
});

const login = () => ({ BERTH_URL: platform.baseUrl, BERTH_API_KEY: client.apiKey, BERTH_ENV: 'shop' });

const berth = (args: string[], env: Record<string, string> = login(), input = '') => cli.run(args, env, input);

describe('berth', () => {
  it('must log in with a key from standard input, and keep it for its owner only', async () => {
    const home = mkdtempSync(path.join(tmpdir(), 'berth-home-'));
    const { code, out, err } = await berth(['login', platform.baseUrl], { HOME: home }, `${client.apiKey}\n`);
    expect([code, err]).toEqual([0, '']);
    expect(out).not.toContain(client.apiKey);
    expect(statSync(path.join(home, '.config/berth/login.json')).mode & 0o777).toBe(0o600);
    expect((await berth(['env'], { HOME: home })).out).toMatch(/^NAME +STATUS.*\nshop +ACTIVE/);
    const wrong = await berth(['login', platform.baseUrl], { HOME: home }, 'rw_prod_no.good\n');
    expect([wrong.code, wrong.err]).toEqual([4, expect.stringContaining('UNAUTHENTICATED')]);
    const homeless = await berth(['login', platform.baseUrl], { HOME: '/dev/null' }, `${client.apiKey}\n`);
    expect([homeless.code, homeless.err]).toEqual([2, expect.stringMatching(/^ENOTDIR: .*\n$/)]);
    const asJson = await berth(['login', platform.baseUrl, '--json'], { HOME: home }, `${client.apiKey}\n`);
    expect(asJson.out).not.toContain(client.apiKey);
    expect(JSON.parse(asJson.out)).toMatchObject({ url: platform.baseUrl, key: { scopes: expect.any(Array) as [] } });
    rmSync(home, { recursive: true });
  });

  it('must deploy, stream what happens, and end with 0 when it is RUNNING', async () => {
    const { code, out, err } = await berth([
      ...['deploy', 'nginx:alpine', '--name', 'web', '--port', '80', '--set', 'GREETING=hello=you', '--wait'],
    ]);
    expect([code, out]).toEqual([0, 'web is RUNNING in shop.\n']);
    expect(err).toContain('> STARTING_CONTAINERS');
    const [deployment] = await client.deployments(environment.id);
    expect(deployment).toMatchObject({ name: 'web', ports: [{ container: 80 }], envVars: { GREETING: '***' } });
    expect((await berth(['ps'])).out).toMatch(/\nweb +RUNNING +1\/1 +nginx:alpine/);
  });

  it('must deploy a folder, without what is ignored, into an environment that it makes', async () => {
    const home = mkdtempSync(path.join(tmpdir(), 'berth-'));
    const project = path.join(home, 'My Site');
    for (const name of ['src', 'node_modules/a', '.git']) mkdirSync(path.join(project, name), { recursive: true });
    const put = (name: string, text: string) => writeFileSync(path.join(project, name), text);
    put(
      'Dockerfile',
      'FROM busybox:1.36\nCOPY . /srv\nCMD ["httpd", "-f", "-p", "80", "-h", "/srv"]\nSTOPSIGNAL SIGKILL\n',
    );
    put('index.html', 'from a folder');
    put('node_modules/a/index.js', 'not sent');
    put('.git/config', 'not sent');
    put('src/a.log', 'not sent');
    put('src/keep.log', 'sent');
    put('.gitignore', 'node_modules/\n*.log\n');
    put('src/.gitignore', '!keep.log\n');
    const { BERTH_URL, BERTH_API_KEY } = login();
    const outside = { BERTH_URL, BERTH_API_KEY };
    const { code, out, err } = await berth(['deploy', project, '--port', '3061:80'], outside);
    expect([code, out], err).toEqual([0, 'my-site is RUNNING in my-site.\nhttp://127.0.0.1:3061\n']);
    expect(err).toMatch(/Environment my-site is new.\nUploaded .* MB.\n[^]*> STARTING_CONTAINERS/);
    const get = (name: string) => fetch(`http://127.0.0.1:3061/${name}`);
    expect(await (await get('')).text()).toBe('from a folder');
    expect((await get('src/keep.log')).status).toBe(200);
    for (const name of ['node_modules/a/index.js', '.git/config', 'src/a.log'])
      expect((await get(name)).status).toBe(404);
    put('.dockerignore', 'index.html\n');
    const again = await berth(['deploy', project, '-e', 'my-site', '-p', '3061:80', '--detach', '--json'], outside);
    const { jobId } = JSON.parse(again.out) as Deployment;
    expect((await client.settled(jobId)).status).toBe('RUNNING');
    await eventually(async () => {
      expect((await get('index.html')).status).toBe(404);
      expect((await get('node_modules/a/index.js')).status).toBe(200);
    }, 10_000);
    expect((await berth(['ps', '-e', 'my-site'], outside)).out).toMatch(/my-site +RUNNING +1\/1 +upload [0-9a-f]{7}/);
    symlinkSync('/etc', path.join(project, 'etc'));
    const refused = await berth(['deploy', project], outside);
    expect([refused.code, refused.err]).toEqual([3, expect.stringContaining('The entry etc is a symbolic link')]);
    expect((await berth(['deploy', './nowhere'])).err).toContain('./nowhere: there is no such folder');
    rmSync(home, { recursive: true });
  });

  it('must end with 1 and the reason when it has FAILED', async () => {
    const { code, err } = await berth(['deploy', 'no-such-image', '--name', 'broken', '--wait']);
    expect(code).toBe(1);
    expect(err).toContain('broken is FAILED (IMAGE_NOT_FOUND)');
    const asJson = await berth(['deploy', 'no-such-image', '--wait', '--json']);
    expect([asJson.code, (JSON.parse(asJson.out) as Deployment).errorCode]).toEqual([1, 'IMAGE_NOT_FOUND']);
  });

  it('must show logs, and follow them', { tags: 'long' }, async () => {
    await client.run({
      environmentId: environment.id,
      name: 'talker',
      image: 'busybox',
      tag: '1.36',
      command: ['sh', '-c', 'trap "exit 0" TERM; echo first; sleep 6; echo second; sleep 86400 & wait'],
    });
    expect((await berth(['logs', 'talker'])).out).toContain('first\n');
    const [line = ''] = (await berth(['logs', 'talker', '--json'])).out.split('\n');
    expect(JSON.parse(line)).toEqual({ time: expect.stringMatching(/^\d{4}-/) as string, text: 'first' });
    const child = cli.start(['logs', 'talker', '-f'], login());
    let out = '';
    child.stdout?.on('data', (chunk) => (out += String(chunk)));
    await eventually(() => expect(out).toMatch(/first\n[^]*second\n/), 20_000);
    child.kill();
  });

  it('must roll back, and say what a dry run would do', { tags: 'long' }, async () => {
    for (const greeting of ['hello', 'again'])
      await berth(['deploy', 'nginx:alpine', '-n', 'web', '-p', '80', '-s', `GREETING=${greeting}`, '-w']);
    const { code, out } = await berth(['rollback', 'web', '--wait', '--json']);
    expect([code, (JSON.parse(out) as Deployment).status]).toEqual([0, 'RUNNING']);
    const plan = await berth(['deploy', 'nginx:alpine', '-n', 'web', '--dry-run']);
    expect(plan.out).toContain('START_FIRST: ResolveImage, PullImage');
  });

  it('must change what it names, and promote it', { tags: 'long' }, async () => {
    const run = async (...args: string[]) => {
      const { code, out, err } = await berth([...args, '--wait', '--json']);
      expect(code, err).toBe(0);
      return JSON.parse(out) as Deployment;
    };
    const before = await run('set', 'web', 'GREETING=hello', 'EXTRA=1');
    const changed = await run('set', 'web', 'LEVEL=debug', '--unset', 'EXTRA');
    expect(changed.envVars).toEqual({ GREETING: '***', LEVEL: '***' });
    expect([changed.imageDigest, changed.ports]).toEqual([before.imageDigest, before.ports]);
    const tagged = await run('deploy', 'web', '--tag', 'alpine');
    expect([tagged.tag, tagged.envVars]).toEqual(['alpine', changed.envVars]);
    expect((await run('redeploy', 'web', '--keep-image')).imageDigest).toBe(tagged.imageDigest);
    await berth(['env', 'create', 'prod']);
    const promoted = await run('promote', 'web', '--to', 'prod', '--set', 'STAGE=prod');
    expect([promoted.imageDigest, promoted.envVars]).toEqual([tagged.imageDigest, { STAGE: '***' }]);
    const plan = await berth(['set', 'web', 'LEVEL=info', '--dry-run']);
    expect(plan.out).toContain('changed envVars.LEVEL');
    expect((await berth(['stop', 'web', '-e', 'prod'])).out).toBe('Deployment web is being stopped.\n');
    const nobody = await berth(['set', 'nobody', 'A=1']);
    expect([nobody.code, nobody.err]).toEqual([5, expect.stringContaining('DEPLOYMENT_NOT_FOUND')]);
    await berth(['env', 'delete', 'prod']);
  });

  it('must run a command with its output and exit code', { tags: 'long' }, async () => {
    const ran = await berth([
      'run',
      'web',
      '--set',
      'WORD=hello',
      '--',
      'sh',
      '-c',
      'echo "$WORD"; echo bad >&2; exit 7',
    ]);
    expect([ran.code, ran.out]).toEqual([7, 'hello\n']);
    expect(ran.err).toMatch(/^bad\nweb: The command ended with exit code 7\.\n$/);
    const asJson = await berth(['run', 'web', '--json', '--', 'echo', '--help']);
    expect([asJson.code, asJson.err]).toEqual([0, '--help\n']);
    expect(JSON.parse(asJson.out)).toMatchObject({ name: 'web', status: 'SUCCEEDED', exitCode: 0 });
    const slow = await berth(['run', 'web', '--timeout', '1s', '--', 'sleep', '600']);
    expect([slow.code, slow.err]).toEqual([124, 'web: The command did not end within 1 s.\n']);
    expect((await berth(['run', 'web'])).code).toBe(2);
    expect((await berth(['run', 'nothing', '--', 'true'])).code).toBe(5);
  });

  it('must name what is wrong in how it is called', async () => {
    for (const [args, text] of [
      [['dance'], 'There is no command dance'],
      [['deploy'], 'IMAGE or GIT-URL is missing'],
      [['deploy', 'nginx', '--port', 'x'], '--port x: must be'],
      [['deploy', 'nginx', '--set', 'x'], '--set x: must be NAME=value'],
      [['deploy', 'nginx', '--nope'], '--nope'],
      [['deploy', 'nginx:alpine', '--tag', '1'], 'must be the name of a deployment'],
      [['deploy', 'nginx:alpine', '--dockerfile', 'x'], '--dockerfile has no effect on an image'],
      [['deploy', 'web', '--tag', '1', '--build-env'], '--build-env has no effect on a tag'],
      [['deploy', path.join(BACKEND, '../examples/hello'), '--branch', 'x'], '--branch has no effect on a folder'],
      [['set', 'web'], 'KEY=value, --set-file or --unset KEY is missing'],
      [['set', 'web', 'NOWHERE'], 'must be NAME=value'],
      [['promote', 'web'], '--to is missing'],
      [['redeploy', 'web', '--timeout', '5s'], '--timeout limits --wait'],
      [['deploy', 'nginx', '--wait', '--timeout', 'soon'], '--timeout soon: must be'],
      [['deploy', 'nginx', '--set-file', './nowhere'], '--set-file ./nowhere: ENOENT'],
      [['login', 'localhost'], 'must begin with https://'],
      [['completion', 'cmd'], 'must be bash, zsh or fish'],
    ] as const) {
      const { code, err } = await berth([...args]);
      expect([code, err], args.join(' ')).toEqual([2, expect.stringContaining(text)]);
    }
    const field = await berth(['deploy', 'nginx', '--name', 'Not A Name']);
    expect([field.code, field.err]).toEqual([3, expect.stringContaining('name must be 1 to 32')]);
    for (const args of [['env'], ['deploy', path.join(BACKEND, '../examples/hello'), '-e', 'x']]) {
      const { code, err } = await berth(args, { BERTH_URL: 'http://127.0.0.1:1', BERTH_API_KEY: 'x' });
      expect([code, err]).toEqual([7, expect.stringContaining('does not answer')]);
    }
    expect((await berth(['env'], {})).err).toContain('Not logged in');
    expect((await berth(['help'])).out).toContain('berth rollback NAME');
    expect((await berth(['completion', 'bash'])).out).toContain('-F _berth berth');
  });

  it('must take a deployment away', { tags: 'long' }, async () => {
    await berth(['deploy', 'nginx:alpine', '-n', 'gone', '-p', '80', '-w']);
    expect((await berth(['delete', 'gone'])).code).toBe(0);
    await eventually(async () => expect((await berth(['ps'])).out).not.toContain('gone'), 30_000);
    const nobody = await berth(['delete', 'nobody']);
    expect([nobody.code, nobody.err]).toEqual([5, expect.stringContaining('There is no deployment nobody')]);
  });

  it('must create keys that are bound to an environment, list and revoke them', { tags: 'long' }, async () => {
    const made = await berth([
      ...['keys', 'create', '--name', 'ci', '--env', 'shop', '--scopes', 'DEPLOYMENTS_WRITE,ENVIRONMENTS_READ'],
      ...['--expires', '90d', '--allow', '127.0.0.0/8'],
    ]);
    expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/^rw_prod_\S+\n$/) as string });
    expect(made.err).toMatch(/Key ci works in shop. It expires at \d{4}-/);
    const ci = { ...login(), BERTH_API_KEY: made.out.trim() };
    const { keys } = JSON.parse((await berth(['keys', 'list', '--json'], ci)).out) as { keys: { keyId: string }[] };
    expect(keys).toMatchObject([{ name: 'ci', environmentIds: [environment.id], allowAddresses: ['127.0.0.0/8'] }]);
    const keyId = keys[0]?.keyId ?? '';
    const listed = (await berth(['keys'])).out;
    expect(listed).toMatch(new RegExp(`\n${keyId} +ci +shop +ENVIRONMENTS_READ,DEPLOYMENTS_WRITE`));
    const child = await berth(['keys', 'create', '--name', 'child', '--scopes', 'ENVIRONMENTS_READ', '--json'], ci);
    expect(JSON.parse(child.out)).toMatchObject({ name: 'child', environmentIds: [environment.id] });
    const more = await berth(['keys', 'create', '--name', 'more', '--scopes', 'LOGS_READ'], ci);
    expect([more.code, more.err]).toEqual([4, expect.stringContaining('INSUFFICIENT_SCOPE')]);
    expect((await berth(['keys', 'revoke', keyId])).out).toContain('still work: child (');
    expect((await berth(['keys'], ci)).err).toContain('UNAUTHENTICATED');
    for (const [args, text] of [
      [['create', '--scopes', 'LOGS_READ'], '--name is missing'],
      [['create', '--name', 'x'], '--scopes is missing'],
      [['create', '--name', 'x', '--scopes', 'LOGS_READ', '--expires', 'soon'], '--expires soon: must be'],
      [['revoke'], 'KEYID is missing'],
      [['dance'], 'must be list, create or revoke'],
    ] as const)
      expect(await berth(['keys', ...args])).toMatchObject({ code: 2, err: expect.stringContaining(text) as string });
  });

  it('must make and delete environments', { tags: 'long' }, async () => {
    expect((await berth(['env', 'create', 'preview', '--ttl', '600'])).out).toBe('Environment preview is ACTIVE.\n');
    expect((await berth(['env', 'delete', 'preview'])).out).toBe('Environment preview is being deleted.\n');
  });
});

describe('script/berth', () => {
  it(
    'must act for the operator of this machine without a login, and keep its key secret',
    { tags: 'long' },
    async () => {
      const operator = new Platform({ XDG_CONFIG_HOME: cli.folder });
      await operator.start();
      try {
        expect(await operator.script('berth', 'env', 'create', 'mine')).toBe('Environment mine is ACTIVE.');
        expect(await operator.script('berth', 'env')).toMatch(/^NAME +STATUS.*\nmine +ACTIVE/);
        expect((await operator.key('list')).split('\n')).toHaveLength(2); // the head, and one key for both commands
        const key = operator.operatorKey;
        expect(key.mode).toBe(0o600);
        expect(operator.logs).not.toContain(key.text);
        await operator.key('revoke', key.id);
        expect(await operator.script('berth', 'env')).toContain('mine');
        expect(operator.operatorKey.text).not.toBe(key.text);
      } finally {
        await operator.stop();
      }
    },
  );
});
