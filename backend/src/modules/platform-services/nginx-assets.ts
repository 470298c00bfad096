import { Injectable } from '@nestjs/common';
import { LABELS } from '#src/common/labels.js';
import { Engine } from '#src/integrations/docker/engine.js';
import { NginxConfig, type PageStatus } from '#src/integrations/nginx/nginx-config.js';
import { IngressImage } from './ingress-image.js';
import { Probe, type ProbeConfig } from './probe.js';
import { type Mounted, ServiceFiles } from './service-files.js';

/** Parts that the specs of front and edges share. */
export interface NginxParts {
  image: string;
  engine: { startInterval: boolean; serviceNoNewPrivileges: boolean };
  probe: ProbeConfig | undefined;
  configs: Mounted[];
}

/** Creates the objects in the Engine that the spec of a front or an edge refers to. */
@Injectable()
export class NginxAssets {
  constructor(
    private readonly image: IngressImage,
    private readonly engine: Engine,
    private readonly probe: Probe,
    private readonly files: ServiceFiles,
    private readonly nginx: NginxConfig,
  ) {}

  async ensure(
    { text, labels }: { text: string; labels: Record<string, string> },
    pages: readonly PageStatus[],
    signal: AbortSignal,
  ): Promise<NginxParts> {
    const [image, engine] = await Promise.all([this.image.ensure(signal), this.engine.inspect()]);
    const configs = [await this.files.config({ kind: 'nginx', path: '/etc/berth/nginx.conf', text, labels })];
    for (const status of pages)
      configs.push(
        await this.files.config({
          kind: `page_${status}`,
          path: `/etc/berth/pages/${status}.html`,
          text: this.nginx.page(status),
          labels: { [LABELS.ingress]: 'page' },
        }),
      );
    return { image, engine, probe: await this.probe.ensure(engine.arch), configs };
  }
}
