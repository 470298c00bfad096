import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { daemonSetsNoNewPrivileges } from './daemon-settings.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'berth-daemon-'));
  mkdirSync(path.join(folder, '42'));
});
afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  [true, '{"no-new-privileges": true, "log-driver": "json-file"}', ''],
  [true, '', 'dockerd\0--no-new-privileges\0'],
  [true, '{}', 'dockerd\0--no-new-privileges=true\0'],
  [false, '{"no-new-privileges": false}', 'dockerd\0--no-new-privileges=false\0'],
  [false, 'not JSON', 'dockerd\0'],
  [false, 'null', ''],
])('must say %s of the settings %j and the arguments %j', (isTold, settings, cmdline) => {
  writeFileSync(path.join(folder, 'daemon.json'), settings);
  writeFileSync(path.join(folder, 'docker.pid'), '42\n');
  writeFileSync(path.join(folder, '42/cmdline'), cmdline);
  const files = { settings: path.join(folder, 'daemon.json'), pid: path.join(folder, 'docker.pid'), processes: folder };
  expect(daemonSetsNoNewPrivileges(files)).toBe(isTold);
});

it('must say false where there are no such files', () => {
  const nowhere = path.join(folder, 'nowhere');
  expect(daemonSetsNoNewPrivileges({ settings: nowhere, pid: nowhere, processes: nowhere })).toBe(false);
});
