import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pack as createPack } from 'tar-stream';
import { scratchHttpRoot } from '../testbed/image-roots.js';

export type ArchiveFile = Parameters<ReturnType<typeof createPack>['entry']>[0] & { content?: string | Buffer };

/** A tar in memory. */
export async function tarOf(files: ArchiveFile[]): Promise<Buffer<ArrayBuffer>> {
  const pack = createPack();
  for (const { content = '', ...header } of files) pack.entry(header, content);
  pack.finalize();
  const parts: Uint8Array[] = [];
  for await (const part of pack) parts.push(part as Uint8Array);
  return Buffer.concat(parts);
}

/** The same of names and texts. */
export function folderOf(files: Record<string, string>): Promise<Buffer<ArrayBuffer>> {
  return tarOf(Object.entries(files).map(([name, content]) => ({ name, content })));
}

let server: Promise<Buffer> | undefined;

/** A web server in an image made FROM scratch: no registry is needed for it. */
export async function scratchFolder(extra: ArchiveFile[] = []): Promise<Buffer<ArrayBuffer>> {
  server ??= buildServer();
  const Dockerfile = 'FROM scratch\nCOPY server /server\nEXPOSE 8080\nCMD ["/server"]\n';
  return tarOf([
    { name: 'Dockerfile', content: Dockerfile },
    { name: 'server', mode: 0o755, content: await server },
    ...extra,
  ]);
}

async function buildServer(): Promise<Buffer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'berth-scratch-'));
  try {
    await scratchHttpRoot(folder);
    return readFileSync(path.join(folder, 'server'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
