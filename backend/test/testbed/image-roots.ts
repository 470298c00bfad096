/** Builds the file systems that become the images of the hub. Each function fills an empty directory. */
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { cached } from './cached.js';
import { unpackNewerPackages, unpackPackages } from './debian-packages.js';
import { runCommand } from './run-command.js';
import { stateDir } from './state-dir.js';

const SOURCES = join(import.meta.dirname, 'images');
const NOBODY = 65534;

/** Debian's dynamic busybox with its libraries: the static one cannot resolve names through Docker's DNS. */
export async function busyboxRoot(root: string): Promise<void> {
  const unpacked = await cached(join(stateDir.cache, 'busybox-root'), (target) => unpackPackages(['busybox'], target));
  const busybox = ['bin/busybox', 'usr/bin/busybox']
    .map((path) => join(unpacked, path))
    .find((path) => existsSync(path));
  if (!busybox) throw new Error(`the package busybox has no busybox in ${unpacked}`);
  for (const directory of [
    'bin',
    'sbin',
    'usr/bin',
    'usr/sbin',
    'proc',
    'sys',
    'dev',
    'root',
    'run',
    'home',
    'var/log',
  ]) {
    mkdirSync(join(root, directory), { recursive: true });
  }
  copyFileSync(busybox, join(root, 'bin/busybox'));
  for (const [, library] of (await runCommand('ldd', [busybox])).matchAll(/(\/\S+) \(0x/g)) {
    if (library) copyInto(root, library);
  }
  for (const applet of (await runCommand(busybox, ['--list'])).trim().split('\n')) link(root, `bin/${applet}`);
  addUsers(root);
}

/** A front end that is newer than the machine's own release has; the stream module is built into the official image. */
export async function nginxRoot(root: string): Promise<void> {
  for (const directory of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(root, 'usr', directory), { recursive: true });
    symlinkSync(`usr/${directory}`, join(root, directory));
  }
  await unpackNewerPackages(['nginx', 'libnginx-mod-stream', 'busybox'], root);
  for (const unused of ['doc', 'man', 'locale', 'info', 'perl', 'lintian', 'bash-completion', 'zoneinfo']) {
    rmSync(join(root, 'usr/share', unused), { recursive: true, force: true });
  }
  for (const unused of [
    'var/lib/dpkg',
    'var/cache/apt',
    'usr/lib/systemd',
    'etc/nginx/sites-enabled',
    'etc/nginx/sites-available',
  ]) {
    rmSync(join(root, unused), { recursive: true, force: true });
  }
  for (const directory of [
    'proc',
    'sys',
    'dev',
    'run',
    'etc/nginx/conf.d',
    'etc/nginx/modules-enabled',
    'var/log/nginx',
    'var/lib/nginx',
  ]) {
    mkdirSync(join(root, directory), { recursive: true });
  }
  for (const applet of (await runCommand('chroot', [root, '/usr/bin/busybox', '--list'])).trim().split('\n')) {
    if (!existsSync(join(root, 'usr/sbin', applet))) link(root, `usr/bin/${applet}`);
  }
  addUsers(root);
  configureNginx(root);
}

/** Starts as root, gives a directory away, binds port 80 and goes on as nobody: what official database and web images do. */
export async function privilegeDroppingRoot(root: string): Promise<void> {
  await busyboxRoot(root);
  addPage(root, 'dropped\n');
  mkdirSync(join(root, 'data'));
  writeScript(root, 'entrypoint', [
    'mkdir -p /data/inner',
    'chown -R nobody:nogroup /data',
    'chmod 700 /data',
    'exec httpd -f -p 80 -u nobody:nogroup -h /srv',
  ]);
}

/** Its own check passes for as long as /srv/healthy exists. */
export async function selfCheckingRoot(root: string): Promise<void> {
  await busyboxRoot(root);
  addPage(root, 'checked\n');
  writeFileSync(join(root, 'srv/healthy'), 'yes\n');
  chownSync(join(root, 'srv/healthy'), NOBODY, NOBODY);
}

/** Its user `app` owns /owned; other folders are root's. */
export async function unprivilegedRoot(root: string): Promise<void> {
  await busyboxRoot(root);
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/home:/bin/sh\n');
  mkdirSync(join(root, 'owned'));
  chownSync(join(root, 'owned'), 1000, 1001);
}

export async function scratchHttpRoot(root: string): Promise<void> {
  await runCommand('gcc', [
    '-static',
    '-O2',
    '-Wall',
    '-Wextra',
    '-o',
    join(root, 'server'),
    join(SOURCES, 'scratch-http.c'),
  ]);
}

function configureNginx(root: string): void {
  const etc = join(root, 'etc/nginx');
  copyFileSync(join(SOURCES, 'nginx.conf'), join(etc, 'nginx.conf'));
  for (const name of readdirSync(join(etc, 'modules-enabled'))) rmSync(join(etc, 'modules-enabled', name));
  writeFileSync(
    join(etc, 'modules-enabled/50-stream.conf'),
    'load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n',
  );
  writeFileSync(
    join(etc, 'conf.d/default.conf'),
    'server { listen 80; location / { root /usr/share/nginx/html; index index.html; } }\n',
  );
  mkdirSync(join(root, 'usr/share/nginx/html'), { recursive: true });
  writeFileSync(join(root, 'usr/share/nginx/html/index.html'), '<h1>Welcome to nginx!</h1>\n');
  for (const [log, stream] of [
    ['access.log', '/dev/stdout'],
    ['error.log', '/dev/stderr'],
  ] as const) {
    rmSync(join(root, 'var/log/nginx', log), { force: true });
    symlinkSync(stream, join(root, 'var/log/nginx', log));
  }
}

function addUsers(root: string): void {
  const users = { root: 0, 'www-data': 33, nginx: 101, node: 1000, nobody: NOBODY };
  const lines = Object.entries(users);
  mkdirSync(join(root, 'etc'), { recursive: true });
  writeFileSync(
    join(root, 'etc/passwd'),
    lines.map(([name, id]) => `${name}:x:${id}:${id}::/${id ? 'home' : 'root'}:/bin/sh\n`).join(''),
  );
  writeFileSync(
    join(root, 'etc/group'),
    lines.map(([name, id]) => `${name === 'nobody' ? 'nogroup' : name}:x:${id}:\n`).join(''),
  );
  writeFileSync(join(root, 'etc/nsswitch.conf'), 'hosts: files dns\n');
  writeFileSync(join(root, 'etc/services'), 'http 80/tcp\nhttps 443/tcp\n'); // without it busybox's wget crashes
  for (const directory of ['tmp', 'var/tmp']) {
    mkdirSync(join(root, directory), { recursive: true });
    chmodSync(join(root, directory), 0o1777);
  }
  mkdirSync(join(root, 'etc/ssl/certs'), { recursive: true });
  const authorities = '/etc/ssl/certs/ca-certificates.crt';
  if (existsSync(authorities)) copyInto(root, authorities);
}

function addPage(root: string, text: string): void {
  mkdirSync(join(root, 'srv'), { recursive: true });
  writeFileSync(join(root, 'srv/index.html'), text);
}

function writeScript(root: string, name: string, lines: string[]): void {
  writeFileSync(join(root, name), ['#!/bin/sh', 'set -e', ...lines, ''].join('\n'));
  chmodSync(join(root, name), 0o755);
}

function link(root: string, path: string): void {
  if (!existsSync(join(root, path))) symlinkSync('busybox', join(root, path));
}

function copyInto(root: string, path: string): void {
  mkdirSync(join(root, dirname(path)), { recursive: true });
  copyFileSync(realpathSync(path), join(root, path));
}
