/**
 * Images for starters that install packages. No container reaches an index of Python packages or a module proxy, so that the images hold
 * what the starters need: wheels from wherever this machine's pip has them, and modules of Go from Debian's packages.
 */
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { cached } from './cached.js';
import { unpackNewerPackages, unpackPackages } from './debian-packages.js';
import { pythonRoot } from './debian-roots.js';
import { runCommand } from './run-command.js';
import { stateDir } from './state-dir.js';

const STARTERS = join(import.meta.dirname, '../fixtures/starters');
const WHEELS = '/opt/wheels';
const MODULES = '/opt/go-modules';
export const WHEELS_ENVIRONMENT = ['PIP_NO_INDEX=1', `PIP_FIND_LINKS=${WHEELS}`];
export const MODULES_ENVIRONMENT = [`GOPROXY=file://${MODULES}`, 'GOSUMDB=off', 'GOTOOLCHAIN=local'];

/** As its authors released them; those of `pip freeze` by their exact version. */
const REQUIREMENTS = [
  ...['fastapi', 'pydantic-settings', 'uvicorn[standard]', 'python-multipart', 'email-validator', 'httpx'],
  ...['django>=5.2,<6', 'gunicorn', 'aiohttp', 'apscheduler<4', 'python-dotenv', 'hatchling', 'colorama==0.4.6'],
  ...['blinker==1.9.0', 'click==8.5.0', 'flask==3.1.3', 'itsdangerous==2.2.0', 'jinja2==3.1.6', 'markupsafe==3.0.3'],
  ...['werkzeug==3.1.9'],
];
/** What `fastapi[standard]` requires beyond serving: its command line and telemetry. No image runs them: only metadata is there. */
const UNUSED = [
  ...['fastapi-cli', 'fastar', 'pydantic-extra-types'],
  ...['opentelemetry-sdk', 'opentelemetry-exporter-otlp-proto-http'],
];

export async function pythonWheelsRoot(root: string): Promise<void> {
  await fillPython(root, 'python-wheels', REQUIREMENTS);
}

/** Apart, because it is ten times larger. */
export async function pythonStreamlitRoot(root: string): Promise<void> {
  await fillPython(root, 'streamlit-wheels', [...REQUIREMENTS, 'streamlit']);
}

async function fillPython(root: string, name: string, requirements: string[]): Promise<void> {
  await unpackPackages(['python3-whitenoise'], root);
  pythonRoot(root);
  for (const unused of UNUSED) {
    const metadata = join(root, 'usr/lib/python3/dist-packages', `${unused.replaceAll('-', '_')}-99.0.dist-info`);
    mkdirSync(metadata, { recursive: true });
    writeFileSync(
      join(metadata, 'METADATA'),
      `Metadata-Version: 2.1\nName: ${unused}\nVersion: 99.0\nProvides-Extra: standard\n`,
    );
  }
  const wheels = await cached(join(stateDir.cache, name), async (unfinished) => {
    mkdirSync(unfinished);
    const options = ['-q', '--retries', '1', '--only-binary=:all:', '--python-version', '3.11', '-d', unfinished];
    await runCommand('python3', ['-m', 'pip', 'download', ...options, ...requirements]);
  }).catch((error: unknown) => {
    // Only the starters need them: all other tests must run where no pip has an index.
    console.error('no wheels for the starters of Python:', error);
  });
  if (wheels !== undefined) cpSync(wheels, join(root, WHEELS), { recursive: true });
}

/** Go of a newer Debian, and a module proxy of files. */
export async function goModulesRoot(root: string): Promise<void> {
  await unpackNewerPackages(['golang-1.24-go'], root, 'trixie');
  mkdirSync(join(root, 'usr/local/bin'), { recursive: true });
  symlinkSync('/usr/lib/go-1.24/bin/go', join(root, 'usr/local/bin/go'));
  cpSync(await goModules(), join(root, MODULES), { recursive: true });
}

/** The go.sum of all starters: Debian changes sources, so that the hashes are not those of the public proxy. */
export async function goSum(): Promise<string> {
  return readFileSync(join(await goModules(), 'go.sum'), 'utf8');
}

function goModules(): Promise<string> {
  return cached(join(stateDir.cache, 'go-modules'), async (unfinished) => {
    const sources = mkdtempSync(join(stateDir.data, 'gocode-'));
    const packages = ['golang-github-gin-gonic-gin-dev', 'golang-github-go-chi-chi-dev'];
    await unpackNewerPackages(packages, sources, 'trixie');
    const sums: string[] = [];
    for (const [path, version] of requiredModules())
      sums.push(...(await addModule(unfinished, join(sources, 'usr/share/gocode/src'), path, version)));
    writeFileSync(join(unfinished, 'go.sum'), sums.map((line) => `${line}\n`).join(''));
  });
}

function requiredModules(): [path: string, version: string][] {
  const manifests = readdirSync(STARTERS).map((name) => join(STARTERS, name, 'go.mod'));
  const lines = manifests.filter((file) => existsSync(file)).flatMap((file) => readFileSync(file, 'utf8').split('\n'));
  const found = lines.map((line) => /^(?:require|\t) ?(\S+\.\S+) (v\S+)/.exec(line));
  return found.flatMap((match) => (match ? [[match[1] ?? '', match[2] ?? '']] : []));
}

/** Its requirements are in the go.mod of the starter, so that its own needs none. Returns lines of go.sum. */
async function addModule(proxy: string, sources: string, path: string, version: string): Promise<string[]> {
  const folder = [path, path.replace(/\/v\d+$/, '')]
    .map((name) => join(sources, name))
    .find((name) => existsSync(name));
  if (folder === undefined) throw new Error(`no package of Debian has ${path}`);
  const original = join(folder, 'go.mod');
  const language = existsSync(original) ? /^go \S+/m.exec(readFileSync(original, 'utf8'))?.[0] : undefined;
  const manifest = `module ${path}\n\n${language ?? 'go 1.18'}\n`;
  const files = new Map<string, Buffer>([['go.mod', Buffer.from(manifest)]]);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isFile() && /\.(?:go|s|h)$/.test(file) && !file.endsWith('_test.go'))
      files.set(relative(folder, file), readFileSync(file));
  }
  const named = new Map([...files].map(([name, content]) => [`${path}@${version}/${name}`, content]));
  const target = join(proxy, path, '@v');
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, `${version}.info`), JSON.stringify({ Version: version }));
  writeFileSync(join(target, `${version}.mod`), manifest);
  await zip(named, join(target, `${version}.zip`));
  const own = new Map([['go.mod', Buffer.from(manifest)]]);
  return [`${path} ${version} ${hashOf(named)}`, `${path} ${version}/go.mod ${hashOf(own)}`];
}

/** "h1" of go.sum, as the package dirhash of golang.org/x/mod makes it. */
function hashOf(files: Map<string, Buffer>): string {
  const names = [...files.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const sha256 = (content: Buffer | string) => createHash('sha256').update(content);
  const lines = names.map((name) => `${sha256(files.get(name) ?? '').digest('hex')}  ${name}\n`);
  return `h1:${sha256(lines.join('')).digest('base64')}`;
}

async function zip(files: Map<string, Buffer>, target: string): Promise<void> {
  const folder = mkdtempSync(join(stateDir.data, 'module-'));
  for (const [name, content] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  await runCommand('zip', ['-q', '-r', '-D', target, '.'], folder);
  rmSync(folder, { recursive: true });
}
