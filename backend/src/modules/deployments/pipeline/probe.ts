import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import { Configs } from '../../../integrations/docker/configs.js';
import { LABELS } from '../release/labels.js';
import type { ProbeConfig } from '../release/service-spec-builder.js';
import { StepFailure } from './step-failure.js';

const PROBES = new URL('../../../../probe/bin/', import.meta.url);

/** The health probe as a Swarm config, one per architecture and content. */
@Injectable()
export class Probe {
  private readonly ensured = new Map<string, Promise<Buffer>>();

  constructor(private readonly configs: Configs) {}

  async ensure(arch: string): Promise<ProbeConfig> {
    if (arch !== 'amd64' && arch !== 'arm64')
      throw new StepFailure('INTERNAL', `There is no health probe for ${arch}: use healthCheck.command.`);
    const content = await this.contentFor(arch);
    const name = `berth_probe_${arch}_${createHash('sha256').update(content).digest('hex').slice(0, 16)}`;
    return { name, id: await this.configs.ensure(name, content, { [LABELS.managed]: 'true' }) };
  }

  private contentFor(arch: string): Promise<Buffer> {
    const reading = this.ensured.get(arch) ?? readFile(new URL(`berth-probe-${arch}`, PROBES));
    this.ensured.set(arch, reading);
    return reading;
  }
}
