import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { DockerClient } from './docker-client.js';
import { DockerError, isDockerError } from './docker-error.js';
import { jsonLines } from './json-lines.js';
import type { RegistryAuth } from './registry-auth.js';
import { RegistryError, toRegistryError } from './registry-error.js';
import type { HealthConfig } from './service-spec.js';

export interface ResolvedImage {
  /** `sha256:…` of the manifest or of the manifest list. */
  digest: string;
  /** Platforms in the registry, `linux/amd64`; empty if unknown. */
  platforms: string[];
}

export interface LocalImage {
  id: string;
  /** The image's own health check, as it is written there; undefined: none, or `NONE`. */
  healthCheck: HealthConfig | undefined;
  /** USER of the image; empty: root. */
  user: string;
  architecture: string;
}

export interface ListedImage {
  id: string;
  tags: string[];
  labels: Record<string, string>;
  createdAt: Date;
}

/** Bytes of all layers; the total grows while layers become known. */
export interface PullProgress {
  current: number;
  total: number;
}

const LOAD_MS = 1_800_000;

/** Images in registries and on this node. */
@Injectable()
export class Images {
  constructor(private readonly docker: DockerClient) {}

  /** Resolves a reference at the registry. Throws RegistryError. */
  async resolve(reference: string, auth: RegistryAuth | undefined, signal: AbortSignal): Promise<ResolvedImage> {
    try {
      // dockerode's own method ignores the signal.
      const answer = await this.docker.dial<Distribution>({
        path: `/distribution/${reference}/json`,
        method: 'GET',
        authconfig: auth,
        abortSignal: signal,
        statusCodes: { 200: true, 401: 'not allowed', 403: 'not allowed', 404: 'not found', 500: 'server error' },
      });
      return { digest: answer.Descriptor.digest, platforms: platformsOf(answer) };
    } catch (error) {
      throw registryErrorFrom(error);
    }
  }

  async find(reference: string): Promise<LocalImage | undefined> {
    try {
      const { Id, Architecture, Config } = await this.docker.call((docker) => docker.getImage(reference).inspect());
      const { Healthcheck: own, User = '' } = Config as { Healthcheck?: HealthConfig; User?: string };
      const kind = own?.Test?.[0];
      return {
        id: Id,
        architecture: Architecture,
        healthCheck: kind !== undefined && kind !== 'NONE' ? own : undefined,
        user: User,
      };
    } catch (error) {
      if (isDockerError(error, 'not-found')) return undefined;
      throw error;
    }
  }

  /** Lists the images with these labels, untagged ones included. */
  async list(labels: Record<string, string>): Promise<ListedImage[]> {
    const filters = { label: Object.entries(labels).map(([name, value]) => `${name}=${value}`) };
    const images = await this.docker.call((docker) =>
      docker.listImages({ all: false, filters: JSON.stringify(filters) }),
    );
    return images.map(({ Id, RepoTags, Labels, Created }) => ({
      id: Id,
      tags: (RepoTags ?? []).filter((tag) => tag !== '<none>:<none>'),
      labels: Labels ?? {},
      createdAt: new Date(Created * 1000),
    }));
  }

  /** Removes an image by name or id; false if it does not exist or a container uses it. */
  async tryRemove(reference: string): Promise<boolean> {
    try {
      await this.docker.stream((docker) => docker.getImage(reference).remove());
      return true;
    } catch (error) {
      if (isDockerError(error, 'not-found') || isDockerError(error, 'conflict')) return false;
      throw error;
    }
  }

  /** Like `docker save`: a tar of these images with all their names. */
  async save(names: string[]): Promise<Readable> {
    return this.docker.dial<Readable>({
      path: '/images/get?',
      method: 'GET',
      options: { names },
      isStream: true,
      statusCodes: { 200: true, 404: 'no such image', 500: 'server error' },
    });
  }

  /** Like `docker load`. */
  async load(tar: Readable): Promise<void> {
    const answer = (await this.docker.stream((docker) => docker.loadImage(tar, { quiet: true }))) as Readable;
    for await (const line of jsonLines<{ error?: string }>(answer, AbortSignal.timeout(LOAD_MS)))
      if (line.error !== undefined) throw new DockerError('failed', line.error);
  }

  /** Pushes an image and returns its digest in the registry. Throws RegistryError. */
  async push(
    reference: string,
    auth: RegistryAuth | undefined,
    onProgress: (progress: PullProgress) => void,
    signal: AbortSignal,
  ): Promise<string> {
    try {
      const options = { authconfig: auth ?? {}, abortSignal: signal } as object;
      const stream = await this.docker.stream((docker) => docker.getImage(reference).push(options));
      const digest = await followLayers(stream as Readable, 'Pushing', onProgress, signal);
      if (digest === undefined) throw new DockerError('failed', `the registry returned no digest for ${reference}`);
      return digest;
    } catch (error) {
      throw registryErrorFrom(error);
    }
  }

  /** Pulls an image. Throws RegistryError. */
  async pull(
    reference: string,
    auth: RegistryAuth | undefined,
    onProgress: (progress: PullProgress) => void,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      const options = { fromImage: reference, abortSignal: signal };
      const stream = await this.docker.stream((docker) => docker.createImage(auth as object, options));
      await followLayers(stream as Readable, 'Downloading', onProgress, signal);
    } catch (error) {
      throw registryErrorFrom(error);
    }
  }
}

interface Distribution {
  Descriptor: { digest: string };
  Platforms?: { os?: string; architecture?: string }[] | null;
}

/** BuildKit's attestations have the platform `unknown/unknown`. */
function platformsOf({ Platforms }: Distribution): string[] {
  return (Platforms ?? [])
    .filter(({ os, architecture }) => os && architecture && os !== 'unknown')
    .map(({ os, architecture }) => `${os}/${architecture}`);
}

interface LayerMessage {
  id?: string;
  error?: string;
  status?: string;
  /** Set at the end of a push. */
  aux?: { Digest?: string };
  progressDetail?: { current?: number; total?: number };
}

/** Reports progress until the transfer ends; returns the digest of a push. */
async function followLayers(
  stream: Readable,
  phase: 'Downloading' | 'Pushing',
  onProgress: (progress: PullProgress) => void,
  signal: AbortSignal,
): Promise<string | undefined> {
  let digest: string | undefined;
  const layers = new Map<string, PullProgress>();
  for await (const message of jsonLines<LayerMessage>(stream, signal)) {
    if (message.error) throw new DockerError('failed', message.error);
    digest ??= message.aux?.Digest;
    const { current, total } = message.progressDetail ?? {};
    if (!message.id || message.status !== phase || !current || !total) continue;
    layers.set(message.id, { current, total });
    onProgress(sum(layers));
  }
  signal.throwIfAborted();
  return digest;
}

function sum(layers: Map<string, PullProgress>): PullProgress {
  let [current, total] = [0, 0];
  for (const layer of layers.values()) {
    current += layer.current;
    total += layer.total;
  }
  return { current, total };
}

function registryErrorFrom(error: unknown): unknown {
  if (error instanceof RegistryError || !(error instanceof DockerError) || error.kind === 'unavailable') return error;
  if (error.kind === 'not-found') return new RegistryError('not-found', error.message, { cause: error });
  const kind = error.kind === 'unauthorized' ? 'unauthorized' : 'failed';
  return toRegistryError(error.message, error) ?? new RegistryError(kind, error.message, { cause: error });
}
