/**
 * Makes an image out of a directory and puts it into a registry, by the registry's own HTTP interface. No engine is needed, so the
 * images are ready before the first one starts, and an image may be what no build on this machine would make (another platform).
 */
import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { authorization, type Registry } from './registries.js';
import { runCommand } from './run-command.js';

export interface ImageConfig {
  Cmd: string[];
  Env?: string[];
  ExposedPorts?: Record<string, object>;
  StopSignal?: string;
  User?: string;
  /** Durations in nanoseconds, as the Engine writes them. */
  Healthcheck?: { Test: string[]; Interval: number; Timeout: number; Retries: number };
}

/** A layer that is made once and is part of several images. */
export interface Layer {
  /** gzipped tar */
  blob: Buffer;
  /** digest of the tar */
  diffId: string;
}

export interface ImageToPush {
  repository: string;
  tags: string[];
  /** Under what the directory holds. */
  base?: Layer;
  rootDirectory: string;
  config: ImageConfig;
  /** As Go names it; this machine's unless given. */
  architecture?: string;
  /** The tag then names a list of platforms with this single one, as multi-platform builds publish. */
  asIndex?: boolean;
}

export const MACHINE_ARCHITECTURE = process.arch === 'x64' ? 'amd64' : process.arch;
const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const MANIFEST_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';

export async function hasImage(registry: Registry, repository: string, tags: string[]): Promise<boolean> {
  const headers = { ...authorization(registry), accept: `${MANIFEST}, ${MANIFEST_LIST}` };
  const answers = await Promise.all(
    tags.map((tag) => fetch(`${registry.url}/v2/${repository}/manifests/${tag}`, { method: 'HEAD', headers })),
  );
  return answers.every((answer) => answer.ok);
}

export async function pushImage(registry: Registry, image: ImageToPush): Promise<void> {
  const layers = [...(image.base ? [image.base] : []), await makeLayer(image.rootDirectory)];
  const config = Buffer.from(JSON.stringify(imageConfig(image, layers)));
  for (const { blob } of layers) await pushBlob(registry, image.repository, blob);
  await pushBlob(registry, image.repository, config);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: 'application/vnd.docker.container.image.v1+json', ...descriptor(config) },
    layers: layers.map(({ blob }) => ({
      mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
      ...descriptor(blob),
    })),
  });
  const { architecture = MACHINE_ARCHITECTURE } = image;
  if (image.asIndex)
    await pushManifest(registry, image.repository, digestOf(Buffer.from(manifest)), MANIFEST, manifest);
  const list = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST_LIST,
    manifests: [{ mediaType: MANIFEST, ...descriptor(Buffer.from(manifest)), platform: { architecture, os: 'linux' } }],
  });
  for (const tag of image.tags) {
    if (image.asIndex) await pushManifest(registry, image.repository, tag, MANIFEST_LIST, list);
    else await pushManifest(registry, image.repository, tag, MANIFEST, manifest);
  }
}

export async function makeLayer(directory: string): Promise<Layer> {
  const layer = await packDirectory(directory);
  return { blob: gzipSync(layer, { level: 1 }), diffId: digestOf(layer) };
}

async function packDirectory(directory: string): Promise<Buffer> {
  const archive = `${directory}.tar`;
  await runCommand('tar', ['--sort=name', '--mtime=@0', '--numeric-owner', '-C', directory, '-cf', archive, '.']);
  const layer = readFileSync(archive);
  rmSync(archive);
  return layer;
}

function imageConfig({ architecture = MACHINE_ARCHITECTURE, config }: ImageToPush, layers: Layer[]): object {
  return {
    architecture,
    os: 'linux',
    created: '2026-01-01T00:00:00Z',
    config: { ...config, Env: [PATH, ...(config.Env ?? [])] },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(() => ({ created: '2026-01-01T00:00:00Z', created_by: 'test bed' })),
  };
}

async function pushBlob(registry: Registry, repository: string, content: Buffer): Promise<void> {
  const headers = authorization(registry);
  const opened = await fetch(`${registry.url}/v2/${repository}/blobs/uploads/`, { method: 'POST', headers });
  const location = opened.headers.get('location');
  if (!location) throw new Error(`${registry.address} refuses an upload to ${repository}: ${opened.status}`);
  const target = new URL(location, registry.url);
  target.searchParams.set('digest', digestOf(content));
  const stored = await fetch(target, {
    method: 'PUT',
    headers: { ...headers, 'content-type': 'application/octet-stream' },
    body: new Uint8Array(content),
  });
  if (!stored.ok) throw new Error(`${registry.address} refuses a blob of ${repository}: ${await stored.text()}`);
}

async function pushManifest(
  registry: Registry,
  repository: string,
  name: string,
  type: string,
  body: string,
): Promise<void> {
  const headers = { ...authorization(registry), 'content-type': type };
  const answer = await fetch(`${registry.url}/v2/${repository}/manifests/${name}`, { method: 'PUT', headers, body });
  if (!answer.ok) throw new Error(`${registry.address} refuses ${repository}:${name}: ${await answer.text()}`);
}

function descriptor(content: Buffer): { size: number; digest: string } {
  return { size: content.length, digest: digestOf(content) };
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
