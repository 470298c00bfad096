import { Injectable } from '@nestjs/common';
import { LABELS } from '#src/common/labels.js';
import { Engine } from '#src/integrations/docker/engine.js';
import { Nodes } from '#src/integrations/docker/nodes.js';
import { SwarmServices } from '#src/integrations/docker/swarm-services.js';
import { type EdgeModel, NginxConfig } from '#src/integrations/nginx/nginx-config.js';
import { NginxAssets } from '#src/modules/platform-services/nginx-assets.js';
import { type Mounted, ServiceFiles } from '#src/modules/platform-services/service-files.js';
import { revisionOf } from '#src/modules/platform-services/service-revision.js';
import { ServiceRollout } from '#src/modules/platform-services/service-rollout.js';
import { edgeServiceName } from './ingress-names.js';
import { buildEdgeSpec } from './ingress-specs.js';

export interface EdgeSite {
  id: string;
  domain: string;
  environmentId: string | null;
  /** the environment's overlay; null: the platform's own name */
  network: string | null;
}

/** Both in PEM. */
export interface EdgeCertificate {
  chain: string;
  privateKey: string;
}

/** Manages the edges in the Engine. Every object of an edge has the site's id as a label, by which it is found. */
@Injectable()
export class Edges {
  constructor(
    private readonly nginx: NginxConfig,
    private readonly assets: NginxAssets,
    private readonly files: ServiceFiles,
    private readonly rollout: ServiceRollout,
    private readonly engine: Engine,
    private readonly services: SwarmServices,
    private readonly nodes: Nodes,
  ) {}

  /**
   * Rolls out the edge; undefined once it serves the model, else the reason: then the previous revision keeps serving.
   */
  async ensure(
    site: EdgeSite,
    model: EdgeModel,
    certificate: EdgeCertificate | undefined,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const labels = { [LABELS.site]: site.id };
    const parts = await this.assets.ensure({ text: this.nginx.edge(model), labels }, [502, 503], signal);
    const secrets = certificate ? await this.certificateFiles(site.id, labels, certificate) : [];
    const { nodeId } = await this.engine.inspect();
    const replicas = (await this.nodes.recent()).length > 1 ? 2 : 1;
    const place = site.network === null ? { nodeId } : { network: site.network };
    const spec = buildEdgeSpec({ ...parts, site, place, secrets, replicas });
    const problem = await this.rollout.failureReason(await this.rollout.apply(spec), revisionOf(spec), signal);
    if (problem === undefined) await this.files.removeUnused(labels, [...parts.configs, ...secrets]);
    return problem;
  }

  /** Returns the ids of the sites whose edge exists and whose last update is not paused. */
  async sitesServed(): Promise<Set<string>> {
    const services = await this.services.list({ [LABELS.site]: true });
    return new Set(
      services.filter(({ updateState }) => updateState !== 'paused').map(({ labels }) => labels[LABELS.site] ?? ''),
    );
  }

  /** Removes service, containers, configs and secrets; idempotent. */
  async remove(siteId: string, signal: AbortSignal): Promise<void> {
    const label = `${LABELS.site}=${siteId}`;
    await this.rollout.remove(edgeServiceName(siteId), { label, what: 'the edge' }, signal);
    await this.files.removeUnused({ [LABELS.site]: siteId }, []);
  }

  private async certificateFiles(
    siteId: string,
    labels: Record<string, string>,
    { chain, privateKey }: EdgeCertificate,
  ): Promise<Mounted[]> {
    const file = (kind: string, text: string) =>
      // Both are named by the certificate: the name is public, and must not be a hash of the key.
      this.files.secret({ kind, path: `/run/secrets/${kind}.pem`, text, labels }, `${siteId}/${chain}`);
    return [await file('certificate', chain), await file('key', privateKey)];
  }
}
