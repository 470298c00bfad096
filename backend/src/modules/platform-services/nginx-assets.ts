import { Injectable } from '@nestjs/common';
import { LABELS } from '#src/common/labels.js';
import { Probe } from './probe.js';
import { Configs } from '#src/integrations/docker/configs.js';
import { Engine } from '#src/integrations/docker/engine.js';
import { NginxConfig, type PageStatus } from '#src/integrations/nginx/nginx-config.js';
import { IngressImage } from './ingress-image.js';
import { contentName } from './content-names.js';
import type { Mounted, NginxParts } from './nginx-mounts.js';

/** Creates the objects in the Engine that the spec of a front or an edge refers to. */
@Injectable()
export class NginxAssets {
  constructor(
    private readonly image: IngressImage,
    private readonly engine: Engine,
    private readonly probe: Probe,
    private readonly configs: Configs,
    private readonly nginx: NginxConfig,
  ) {}

  async ensure(
    config: { text: string; labels: Record<string, string> },
    pages: readonly PageStatus[],
    signal: AbortSignal,
  ): Promise<NginxParts> {
    const [image, engine] = await Promise.all([this.image.ensure(signal), this.engine.inspect()]);
    const configs = [await this.file('nginx', '/etc/berth/nginx.conf', config.text, config.labels)];
    for (const status of pages) {
      const labels = { [LABELS.ingress]: 'page' };
      configs.push(
        await this.file(`page_${status}`, `/etc/berth/pages/${status}.html`, this.nginx.page(status), labels),
      );
    }
    return { image, engine, probe: await this.probe.ensure(engine.arch), configs };
  }

  private async file(kind: string, path: string, text: string, labels: Record<string, string>): Promise<Mounted> {
    const name = contentName(kind, text);
    const id = await this.configs.ensure(name, Buffer.from(text), { [LABELS.managed]: 'true', ...labels });
    return { id, name, path };
  }
}
