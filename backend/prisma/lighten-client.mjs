// The generated client imports its query compiler as a module that holds 2.3 MB of base64, which stays in memory twice, as source and as string.
// Reading the same file as text lets both go once the WebAssembly is compiled, which then happens beside the main thread. Run after
// `prisma generate`; it fails if the client looks otherwise.
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../src/generated/prisma/internal/class.ts', import.meta.url);
const source = readFileSync(file, 'utf8');
const IMPORT = /const \{ wasm \} = await import\("(@prisma\/client\/runtime\/[\w.]+\.wasm-base64\.mjs)"\)/;
const COMPILE = 'return new WebAssembly.Module(wasmArray)';
const found = IMPORT.exec(source);
if (!found || !source.includes(COMPILE))
  throw new Error(
    'the generated client does not import its query compiler as it used to: look at prisma/lighten-client.mjs',
  );
const replacement = `const { readFile } = await import('node:fs/promises')
    const text = await readFile(new URL(import.meta.resolve("${found[1]}")), 'latin1')
    const begin = text.indexOf('"', text.indexOf('wasm =')) + 1
    const wasm = text.slice(begin, text.indexOf('"', begin))`;

writeFileSync(
  file,
  source.replace(IMPORT, () => replacement).replace(COMPILE, 'return WebAssembly.compile(wasmArray)'),
);
