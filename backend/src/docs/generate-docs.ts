import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { NestFactory } from '@nestjs/core';
import { createClient } from '@hey-api/openapi-ts';
import { format } from 'prettier';
import { AppModule } from '#src/app.module.js';
import { Config } from '#src/config/config.js';
import { createDocument } from '#src/openapi/create-document.js';
import { renderDocs } from './render-docs.js';

/**
 * Generates the OpenAPI document, the TypeScript client and the texts of `render-docs.ts`: `npm run docs`. With
 * `--check` it writes nothing and fails if a file is not up to date.
 */
const root = fileURLToPath(new URL('../../../', import.meta.url)); // the same depth below the root in src/ and in dist/
const CLIENT = 'clients/typescript/src';
const check = process.argv.includes('--check');

const openapi = await format(JSON.stringify(await document()), { parser: 'json', printWidth: 120 });
const files: Record<string, string> = { 'backend/openapi.json': openapi, ...(await client(openapi)), ...renderDocs() };
const stale = [
  ...Object.keys(files).filter((file) => read(file) !== files[file]),
  ...list(CLIENT).filter((file) => !(file in files)),
];
for (const file of stale) process.stdout.write(`${file}${check ? ' is not up to date: run `npm run docs`' : ''}\n`);
if (check) process.exit(stale.length > 0 ? 1 : 0);
rmSync(path.join(root, CLIENT), { recursive: true, force: true });
for (const [file, text] of Object.entries(files)) {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  writeFileSync(path.join(root, file), text);
}
process.exit(0);

/** Builds the document in Nest's preview mode, without a database or an engine. */
async function document(): Promise<object> {
  const module = AppModule.with(Config.load({ LOG_LEVEL: 'silent' }, ''));
  const app = await NestFactory.create(module, { preview: true, logger: false });
  return createDocument(app, 'http://127.0.0.1:3000');
}

async function client(document: string): Promise<Record<string, string>> {
  const work = mkdtempSync(path.join(tmpdir(), 'berth-client-'));
  try {
    const input = path.join(work, 'openapi.json');
    writeFileSync(input, document);
    await createClient({
      input,
      output: { path: path.join(work, 'src'), importFileExtension: '.js' },
      plugins: ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk'],
      logs: { level: 'silent' },
    });
    const names = readdirSync(path.join(work, 'src'), { recursive: true, withFileTypes: true });
    const sources = names.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
    return Object.fromEntries(
      sources.map((file) => [
        path.join(CLIENT, path.relative(path.join(work, 'src'), file)),
        readFileSync(file, 'utf8'),
      ]),
    );
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function list(folder: string): string[] {
  try {
    const entries = readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)));
  } catch {
    return [];
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(path.join(root, file), 'utf8');
  } catch {
    return undefined;
  }
}
