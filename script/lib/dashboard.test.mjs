/**
 * The budgets of the dashboard: its sources, and what a browser loads. `node --test script/lib`, after a build
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { BACKEND, ROOT } from './build.mjs';

const SOURCES = path.join(ROOT, 'clients/dashboard/src');
const BUILT = path.join(BACKEND, 'dist/dashboard');
/** Neither blank nor a comment, without the stylesheet. */
const MAX_LINES = 2600;
const MAX_LINES_PER_FILE = 150;
const MAX_SCRIPT_BYTES = 60 * 1024;

test('the sources must stay small: 2,600 lines of code, files of 150 lines', () => {
  const texts = filesOf(SOURCES)
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => readFileSync(file, 'utf8').trimEnd());
  assert.ok(Math.max(...texts.map((text) => text.split('\n').length)) <= MAX_LINES_PER_FILE);
  const lines = texts.flatMap((text) => text.split('\n')).filter((line) => !/^\s*($|\/\/|\/?\*)/.test(line)).length;
  assert.ok(lines > 0 && lines <= MAX_LINES, `${lines} lines of ${MAX_LINES}`);
});

test('the built JavaScript must take 60 KB at most, gzipped', () => {
  const scripts = filesOf(BUILT).filter((file) => file.endsWith('.js'));
  const bytes = scripts.reduce((sum, file) => sum + gzipSync(readFileSync(file)).length, 0);
  assert.ok(bytes > 0 && bytes <= MAX_SCRIPT_BYTES, `${bytes} bytes of ${MAX_SCRIPT_BYTES}`);
});

test('the built page must load files of its own origin only, without inline scripts and styles', () => {
  const page = readFileSync(path.join(BUILT, 'index.html'), 'utf8');
  const addresses = [...page.matchAll(/ (?:src|href)="([^"]*)"/g)].map(([, address]) => address);
  assert.ok(addresses.length >= 3 && addresses.every((address) => address.startsWith('/dashboard/')), `${addresses}`);
  assert.doesNotMatch(page, /<style|<script(?![^>]* src=)| style=| on\w+=/);
});

function filesOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}
