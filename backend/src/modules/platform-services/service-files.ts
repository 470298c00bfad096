import { Injectable } from '@nestjs/common';
import { LABELS } from '#src/common/labels.js';
import { Configs } from '#src/integrations/docker/configs.js';
import { Secrets } from '#src/integrations/docker/secrets.js';
import { contentHash } from './service-revision.js';

/** A Swarm config or secret and the path where a service mounts it. */
export interface Mounted {
  id: string;
  name: string;
  path: string;
}

interface ServiceFile {
  /** First part of the object's name. */
  kind: string;
  path: string;
  text: string;
  /** By these the object is found when no service uses it any more. */
  labels: Record<string, string>;
}

/** Files of the platform's services, as Swarm configs and secrets. */
@Injectable()
export class ServiceFiles {
  constructor(
    private readonly configs: Configs,
    private readonly secrets: Secrets,
  ) {}

  async config({ kind, path, text, labels }: ServiceFile): Promise<Mounted> {
    const name = contentName(kind, text);
    return { name, path, id: await this.configs.ensure(name, Buffer.from(text), managed(labels)) };
  }

  /** `identity`: what determines the content, for a secret whose name must not be a hash of it. */
  async secret({ kind, path, text, labels }: ServiceFile, identity = text): Promise<Mounted> {
    const name = contentName(kind, identity);
    return { name, path, id: await this.secrets.ensure(name, Buffer.from(text), managed(labels)) };
  }

  /** Removes the files with these labels except `used`. A later call removes those that an old task still holds. */
  async removeUnused(labels: Record<string, string>, used: Mounted[]): Promise<void> {
    const usedIds = new Set(used.map(({ id }) => id));
    for (const surface of [this.configs, this.secrets])
      for (const { id } of await surface.list(labels)) if (!usedIds.has(id)) await surface.tryRemove(id);
  }
}

function managed(labels: Record<string, string>): Record<string, string> {
  return { [LABELS.managed]: 'true', ...labels };
}

/** Names a config or secret by the hash of what determines its content, so an object never changes under its name. */
function contentName(kind: string, content: string): string {
  return `berth_${kind}_${contentHash(content)}`;
}
