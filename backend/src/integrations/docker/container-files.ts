import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import type { Header } from 'tar-stream';
import { DockerClient } from './docker-client.js';
import { isDockerError } from './docker-error.js';

/** A container that never runs: to read the files of an image, and to give the folders of volumes their owner. */
export interface IdleContainer {
  /** Replaces a container of this name, which a crash has left behind. */
  name: string;
  image: string;
  labels: Record<string, string>;
  volumes: { source: string; target: string }[];
}

export interface Owner {
  uid: number;
  gid: number;
}

/** The first entry of an archive. */
export interface FirstEntry {
  header: Header;
  /** Beginning of a file. */
  head: Buffer;
  /** False for a folder with something in it. */
  isAlone: boolean;
}

const MAX_HEAD_BYTES = 256 * 1024;

/** Files in containers of this node, as archives: no program has to run for it. */
@Injectable()
export class ContainerFiles {
  constructor(private readonly docker: DockerClient) {}

  /** Creates the container, and removes it after `use`. Throws a DockerError. */
  async withIdle<T>(spec: IdleContainer, use: (containerId: string) => Promise<T>): Promise<T> {
    await this.removeIdle(spec.name);
    const { id } = await this.docker.call((docker) =>
      docker.createContainer({
        name: spec.name,
        Image: spec.image,
        Labels: spec.labels,
        Entrypoint: ['/never'],
        Cmd: [],
        HostConfig: {
          NetworkMode: 'none',
          Mounts: spec.volumes.map(({ source, target }) => ({ Type: 'volume', Source: source, Target: target })),
        } as object,
      }),
    );
    try {
      return await use(id);
    } finally {
      await this.removeIdle(id);
    }
  }

  /** Also removes the anonymous volumes that its image declares. */
  async removeIdle(idOrName: string): Promise<void> {
    try {
      const options = { force: true, v: true };
      await this.docker.stream((docker) => docker.getContainer(idOrName).remove(options) as Promise<unknown>);
    } catch (error) {
      if (!isDockerError(error, 'not-found')) throw error;
    }
  }

  /** The file or folder at the path; undefined: there is none, or the container is gone. */
  async first(containerId: string, path: string): Promise<FirstEntry | undefined> {
    try {
      const archive = await this.docker.stream(
        (docker) => docker.getContainer(containerId).getArchive({ path }) as Promise<unknown>,
      );
      return await firstEntry(archive as Readable);
    } catch (error) {
      if (isDockerError(error, 'not-found')) return undefined;
      throw error;
    }
  }

  /** The text of a file; empty when there is none. */
  async text(containerId: string, path: string): Promise<string> {
    return (await this.first(containerId, path))?.head.toString('utf8') ?? '';
  }

  /** Gives a folder to a user: the engine sets the owner of a folder that an archive names. */
  async setOwner(containerId: string, folder: string, { uid, gid }: Owner, mode: number): Promise<void> {
    const { pack: createPack } = await import('tar-stream');
    const pack = createPack();
    pack.entry({ name: `${folder.slice(1)}/`, type: 'directory', mode, uid, gid });
    pack.finalize();
    const parts: Uint8Array[] = [];
    for await (const part of pack) parts.push(part as Uint8Array);
    const tar = Buffer.concat(parts);
    await this.docker.stream((docker) => docker.getContainer(containerId).putArchive(tar, { path: '/' }));
  }
}

async function firstEntry(archive: Readable): Promise<FirstEntry | undefined> {
  const { extract: createExtract } = await import('tar-stream');
  const tar = createExtract();
  archive.on('error', (error) => tar.destroy(error));
  archive.pipe(tar);
  let found: FirstEntry | undefined;
  try {
    for await (const entry of tar) {
      if (found) return { ...found, isAlone: false };
      found = { header: entry.header, head: await headOf(entry), isAlone: true };
      if (entry.header.type === 'file') return found;
    }
    return found;
  } finally {
    archive.unpipe(tar);
    archive.destroy();
  }
}

async function headOf(entry: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of entry as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= MAX_HEAD_BYTES) break;
  }
  return Buffer.concat(chunks);
}
