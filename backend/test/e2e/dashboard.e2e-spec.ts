import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deployment } from '../../../clients/typescript/src/index.js';
import { PostgresFiles } from '#src/core/database/postgres-files.js';
import type { ApiClient } from '../scenario/api-client.js';
import { launchBrowser } from '../scenario/browser.js';
import { copyDeployment } from '../scenario/copied-deployments.js';
import { Dashboard, type Look } from '../scenario/dashboard.js';
import { DockerProxy } from '../scenario/docker-proxy.js';
import { EngineView } from '../scenario/engine-view.js';
import { Platform } from '../scenario/platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { eventually } from '../testbed/eventually.js';

const ALL_BUT_ADMIN = 'ENVIRONMENTS_READ,ENVIRONMENTS_WRITE,DEPLOYMENTS_READ,DEPLOYMENTS_WRITE,LOGS_READ';
const PORT = 3081;
const HOSTILE = `<img src=x onerror="pwned=1"><script>pwned=1</script> \u202Egnp.exe \u200F`;
const WORD = 'x'.repeat(10_000);
const LINES = 50_000;
const BUSYBOX = { image: 'busybox', tag: '1.36' };

describe('the dashboard, in Chromium', () => {
  const platform = new Platform({ BUILD_MIN_FREE_DISK_MB: '1', METRICS_SAMPLE_SECONDS: '2' });
  const proxy = new DockerProxy();
  const engine = new EngineView();
  const folder = mkdtempSync(path.join(tmpdir(), 'berth-dashboard-'));
  let browser: Browser;
  let client: ApiClient;
  let environmentId: string;
  /** It prints hostile lines, and many when the file `/tmp/go` is there. */
  let printer: Deployment;
  let failed: Deployment;

  beforeAll(async () => {
    [browser] = await Promise.all([launchBrowser(), platform.start()]);
    client = await platform.client();
    environmentId = (await client.createEnvironment('shop')).id;
    const print = `echo '${HOSTILE.replaceAll("'", '')}'; printf '\\033[31mred\\033[0m %s\\n' ${WORD.slice(0, 4000)}`;
    const many = `while [ ! -e /tmp/go ]; do sleep 0.1; done; seq ${LINES}`;
    printer = await client.run({
      environmentId,
      ...BUSYBOX,
      name: 'printer',
      envVars: { GREETING: 'hello' },
      ports: [{ container: 80, host: PORT + 1 }],
      healthCheck: { command: ['true'] },
      command: sh(`${print}; ${many}; ${IDLE}`),
    });
    failed = await client.fail({
      environmentId,
      ...BUSYBOX,
      name: 'broken',
      command: ['sh', '-c', `${print}; exit 3`],
    });
    await copyDeployment(platform, failed.id, 1, { name: 'git', source: 'GIT', gitUrl: 'https://git.example/a.git' });
    await client.ok('POST', `/environments/${environmentId}/hooks`, { name: 'git1', paths: ['<b>/**'] });
    await client.ok('POST', `/deployments/${printer.id}/runs`, { command: ['echo', HOSTILE, WORD.slice(0, 8000)] });
  });
  afterAll(async () => {
    await Promise.all([browser.close(), platform.stop()]);
    proxy.stop();
    rmSync(folder, { recursive: true });
  });

  const open = (look: Look = {}) => Dashboard.open(browser, platform.baseUrl, look);
  const loggedIn = async (look: Look = {}, key = client.apiKey): Promise<Dashboard> => {
    const dashboard = await open(look);
    await dashboard.logIn(key);
    return dashboard;
  };

  it('must lead a newcomer from a key to a deployment, through a failure and back, without a reload', async () => {
    mkdirSync(path.join(folder, 'site'));
    writeFileSync(
      path.join(folder, 'site/Dockerfile'),
      `FROM busybox:1.36\nCOPY . /srv\nEXPOSE 80\nSTOPSIGNAL SIGKILL\nCMD ["sh", "-c", "echo the site has started; exec httpd -f -p 80 -h /srv"]\n`,
    );
    writeFileSync(path.join(folder, 'site/index.html'), 'hello, newcomer');
    const key = await platform.key('create', '--telegram-id', '2', '--scopes', ALL_BUT_ADMIN);
    const served = async () => (await fetch(`http://127.0.0.1:${PORT}`)).text();
    const dashboard = await loggedIn({}, key);
    const { page } = dashboard;
    await dashboard.sees('There is no environment yet.');
    expect(await page.getByRole('navigation', { name: 'Screens' }).innerText()).not.toMatch(/Audit|System/);

    await dashboard.fill('Name', 'first-steps');
    await dashboard.click('Create');
    await dashboard.status('ACTIVE');
    await dashboard.click('Deploy', 'link');
    await page.getByLabel('Folder', { exact: true }).check();
    await page.locator('input[type=file]').setInputFiles(path.join(folder, 'site'));
    await dashboard.sees(/2 files, .* are uploaded/);
    await dashboard.fill('Name', 'site');
    await dashboard.fill('Port', '80');
    await dashboard.fill('Host port', String(PORT));
    await dashboard.click('Show the plan');
    await dashboard.section('Plan').waitFor();
    await dashboard.click('Deploy');
    await dashboard.status('RUNNING');
    expect(await served()).toBe('hello, newcomer');
    await dashboard.sees('the site has started');
    await dashboard.section('Steps').getByText('AwaitHealthy').waitFor();
    const curl = dashboard.section('Log').locator('.curl');
    await curl.locator('summary').click();
    await curl.getByText('curl -H').waitFor();
    await expectPrints(await curl.locator('pre').innerText(), key, 'the site has started');

    await dashboard.click('first-steps', 'link');
    await dashboard.click('Deploy', 'link');
    await dashboard.fill('Image', 'busybox:1.36');
    await dashboard.fill('Name', 'site');
    await dashboard.fill('Variables', 'A=1\nB');
    await dashboard.click('Show the plan');
    expect(await dashboard.mistakes()).toEqual(['"B" is not NAME=value.']);
    await dashboard.fill('Variables', 'A=1');
    await dashboard.click('Show the plan');
    await dashboard.sees('a release that runs');
    await dashboard.click('Deploy');
    await dashboard.status('FAILED');
    expect(await page.getByRole('alert').innerText()).toMatch(/CONTAINER_\w+[^]*exit/);
    expect(await served()).toBe('hello, newcomer');

    await dashboard.click('Roll back to this');
    await dashboard.status('RUNNING');
    const address = page.url();
    await dashboard.fill('Variable', 'GREETING');
    await dashboard.fill('Value', 'good morning');
    await dashboard.click('Show the plan');
    await dashboard.sees('envVars.GREETING');
    await dashboard.click('Deploy');
    await eventually(() => expect(page.url()).not.toBe(address), 20_000);
    await dashboard.status('RUNNING');
    await dashboard.section('Change one thing').getByText('GREETING').first().waitFor();

    await dashboard.click('Delete');
    await dashboard.click('Yes, delete');
    await dashboard.heading('first-steps');
    await dashboard.click('Delete the environment');
    await dashboard.click('Yes, delete the environment');
    await dashboard.seesNoMore('first-steps', 90_000);
    expect(await dashboard.isSamePage()).toBe(true);
    expect(dashboard.complaintsBut()).toEqual([]);
    expect(dashboard.foreignRequests).toEqual([]);
    await dashboard.close();
  });

  it.each<[Required<Look>, boolean]>([
    [{ width: 1440, scheme: 'light' }, true],
    [{ width: 360, scheme: 'dark' }, true],
    [{ width: 1440, scheme: 'dark' }, false],
    [{ width: 360, scheme: 'light' }, false],
  ])(
    'must show every screen as text that fits, without a complaint of the browser: %o',
    { tags: 'long' },
    async (look, isAudited) => {
      const dashboard = await open(look);
      const check = async (name: string) => {
        await dashboard.picture(`${name}-${look.width}-${look.scheme}`);
        const { page } = dashboard;
        expect(await page.evaluate('document.documentElement.scrollWidth'), name).toBeLessThanOrEqual(look.width);
        expect(
          await page.evaluate(`[typeof pwned, document.querySelectorAll('img, main script').length]`),
          name,
        ).toEqual(['undefined', 0]);
        expect(await dashboard.text(), name).not.toMatch(/[\u202E\u200F]/);
        if (isAudited) expect(await dashboard.violations(), name).toEqual([]);
      };
      await check('login');
      await dashboard.logIn(client.apiKey);
      const hostileId = await hostileEnvironment();
      const screens: [name: string, address: string, text: string][] = [
        ['environments', 'environments', 'shop'],
        ['environment', `environments/${environmentId}`, 'Inside the frame'],
        ['environment-hostile', `environments/${hostileId}`, '<img src=x'],
        ['deploy', `deploy/${environmentId}`, 'What runs'],
        ['deployment', `deployments/${printer.id}`, '<img src=x'],
        ['deployment-failed', `deployments/${failed.id}`, 'CONTAINER_CRASHED'],
        ['keys', 'keys', 'New key'],
        ['audit', 'audit', 'environment.created'],
        ['system', 'system', 'Orphans'],
        ['no-screen', 'nowhere', 'There is no such screen'],
      ];
      for (const [name, address, text] of screens) {
        await dashboard.show(address);
        await dashboard.loaded(text);
        if (name === 'deployment') await dashboard.sees(/^CPU: now/, 40_000);
        await check(name);
      }
      expect(dashboard.complaintsBut()).toEqual([]);
      expect(dashboard.foreignRequests).toEqual([]);
      await dashboard.close();
    },
  );

  it('must lead by keyboard alone from the login to a deployment', async () => {
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.heading('Berth');
    await page.keyboard.press('Tab');
    await page.keyboard.type(client.apiKey);
    await page.keyboard.press('Enter');
    await dashboard.heading('Environments');
    for (const name of ['shop', 'printer']) {
      await dashboard.sees(name);
      await dashboard.enterByKeyboard(name);
      await dashboard.heading(name);
    }
    await dashboard.close();
  });

  it('must show the login within a second of the revocation of its key', async () => {
    const took: number[] = [];
    // Others use the machine, too: the best of five counts.
    while (took.length < 5 && !took.some((ms) => ms < 1000)) {
      const key = await platform.key('create', '--telegram-id', '1', '--scopes', ALL_BUT_ADMIN);
      const dashboard = await loggedIn({}, key);
      await dashboard.show(`deployments/${printer.id}`);
      await dashboard.sees('<img src=x');
      await client.ok('POST', '/auth/revoke', { keyId: key.split('.')[0]?.replace(/^rw_[a-z]+_/, '') });
      const begin = performance.now();
      await dashboard.sees('Your key was refused: it is revoked or expired.');
      took.push(performance.now() - begin);
      expect(await dashboard.page.evaluate('sessionStorage.length')).toBe(0);
      await dashboard.close();
    }
    expect(Math.min(...took)).toBeLessThan(1000);
  });

  it(`must scroll ${LINES} lines of a log without a frame over 50 ms`, { tags: 'long' }, async () => {
    const dashboard = await loggedIn();
    const still = await dashboard.longestFrame('[role=log]');
    await dashboard.show(`deployments/${printer.id}`);
    await dashboard.sees('<img src=x');
    await engine.exec(printer.id, 'touch', '/tmp/go');
    await dashboard.sees(/^5\d{4} lines$/, 120_000);
    await dashboard.page.getByLabel('Follow').uncheck();
    const longest: number[] = [];
    for (let attempt = 0; attempt < 3; attempt++) longest.push(await dashboard.longestFrame('[role=log]'));
    // Others use the machine, too: the best of three counts, and a page that does nothing has long frames then.
    process.stdout.write(`longest frames ${longest.join(', ')} ms; without a log ${still} ms\n`);
    expect(Math.min(...longest)).toBeLessThan(Math.max(50, 2 * still));
    await dashboard.close();
  });

  it('must list 1,000 deployments in less than 200 ms of its own work', { tags: 'long' }, async () => {
    await copyDeployment(platform, printer.id, 1000, { status: 'STOPPED', name: 'copy-' });
    const dashboard = await loggedIn();
    await dashboard.show(`environments/${environmentId}`);
    const { page } = dashboard;
    const rows = page.locator('[aria-label=Deployments] tbody tr');
    for (let pages = 1; pages < 10; pages++) {
      await eventually(async () => expect(await rows.count()).toBeGreaterThan(pages * 100 - 10), 30_000);
      await dashboard.click('Show older releases');
    }
    await eventually(async () => expect(await rows.count()).toBeGreaterThan(990), 30_000);
    const refresh = () =>
      dashboard.workDuring(async () => {
        await page.waitForResponse((response) => response.url().includes(`/deployments/environment/${environmentId}`));
        await page.evaluate('new Promise(requestAnimationFrame)');
      });
    // Others use the machine, too: the best of five counts.
    const ms: number[] = [];
    for (let attempt = 0; attempt < 5; attempt++) ms.push(await refresh());
    process.stdout.write(`1,000 deployments take ${ms.map(Math.round).join(', ')} ms\n`);
    expect(Math.min(...ms)).toBeLessThan(200);
    await dashboard.close();
  });

  it('must say what is unavailable, and recover by itself', { tags: 'long' }, async () => {
    const dashboard = await loggedIn();
    await dashboard.show(`environments/${environmentId}`);
    await dashboard.sees('Public domain');
    await proxy.start();
    await platform.terminate();
    await dashboard.sees('The API does not answer.');
    await platform.restart({ DOCKER_HOST: proxy.dockerHost });
    await dashboard.seesNoMore('The API does not answer.');

    proxy.away = true;
    await dashboard.sees(/^docker is down/, 40_000);
    proxy.away = false;
    await dashboard.seesNoMore(/^docker is down/, 40_000);

    const processes = new PostgresFiles(platform.postgresDir).processes();
    processes.forEach((pid) => process.kill(pid, 'SIGSTOP'));
    try {
      await dashboard.sees('This page tries again.', 40_000);
    } finally {
      processes.forEach((pid) => process.kill(pid, 'SIGCONT'));
    }
    await dashboard.seesNoMore('This page tries again.', 40_000);
    await dashboard.section('Public domain').waitFor();
    expect(await dashboard.isSamePage()).toBe(true);
    await dashboard.close();
  });

  /** No route takes such names: rows are as an earlier version, or a bug, could leave them. */
  async function hostileEnvironment(): Promise<string> {
    const { id } = await client.createEnvironment();
    await client.expectEnvironment(id, 'ACTIVE', 60_000);
    const text = HOSTILE + WORD;
    await copyDeployment(platform, failed.id, 1, { environmentId: id, name: text, errorMessage: text });
    await platform.sql('UPDATE "Environment" SET name = $2, "errorMessage" = $2 WHERE id = $1', [id, text]);
    return id;
  }
});

/** Runs a curl line that the dashboard shows, as a user who copies it does. */
async function expectPrints(line: string, key: string, text: string): Promise<void> {
  const env = { ...process.env, BERTH_KEY: key };
  const { stdout } = await promisify(execFile)('bash', ['--norc', '-c', line], { env });
  expect(stdout).toContain(text);
}
