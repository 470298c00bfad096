import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderDocs } from './render-docs.js';

/** Writes what `render-docs.ts` renders: `npm run docs`. The same depth below the root in src/ and in dist/. */
const root = fileURLToPath(new URL('../../../', import.meta.url));

for (const [file, text] of Object.entries(renderDocs())) {
  const target = path.join(root, file);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, text);
  process.stdout.write(`${file}\n`);
}
