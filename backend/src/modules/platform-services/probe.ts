import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import { LABELS } from '#src/common/labels.js';
import { Configs } from '#src/integrations/docker/configs.js';

/** Where the probe is mounted: a static binary that needs nothing from the image. */
export const PROBE_PATH = '/.berth/probe';

/** The probe as a Swarm config. */
export interface ProbeConfig {
  id: string;
  name: string;
}

const PROBES = new URL('../../../probe/bin/', import.meta.url);

/** The health probe as a Swarm config, one per architecture and content. */
@Injectable()
export class Probe {
  private readonly contents = new Map<string, Promise<Buffer>>();

  constructor(private readonly configs: Configs) {}

  /** Creates the config; undefined for an architecture without a build of the probe. */
  async ensure(arch: string): Promise<ProbeConfig | undefined> {
    if (arch !== 'amd64' && arch !== 'arm64') return undefined;
    const content = await this.contentFor(arch);
    const name = `berth_probe_${arch}_${createHash('sha256').update(content).digest('hex').slice(0, 16)}`;
    return { name, id: await this.configs.ensure(name, content, { [LABELS.managed]: 'true' }) };
  }

  private contentFor(arch: string): Promise<Buffer> {
    const reading = this.contents.get(arch) ?? readFile(new URL(`berth-probe-${arch}`, PROBES));
    this.contents.set(arch, reading);
    return reading;
  }
}

/** Returns the entry for `Configs` of a container spec. */
export function probeMount({ id, name }: ProbeConfig) {
  return { ConfigID: id, ConfigName: name, File: { Name: PROBE_PATH, UID: '0', GID: '0', Mode: 0o555 } };
}
