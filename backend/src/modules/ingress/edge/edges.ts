import { Injectable } from '@nestjs/common';
import { LABELS } from '#src/common/labels.js';
import { pollUntil } from '#src/common/time/poll-until.js';
import { Configs } from '#src/integrations/docker/configs.js';
import { Containers } from '#src/integrations/docker/containers.js';
import { Engine } from '#src/integrations/docker/engine.js';
import { Nodes } from '#src/integrations/docker/nodes.js';
import { Secrets } from '#src/integrations/docker/secrets.js';
import { SwarmServices } from '#src/integrations/docker/swarm-services.js';
import { SwarmTasks } from '#src/integrations/docker/swarm-tasks.js';
import { type EdgeModel, NginxConfig } from '#src/integrations/nginx/nginx-config.js';
import { contentName } from '#src/modules/platform-services/content-names.js';
import type { Mounted } from '#src/modules/platform-services/nginx-mounts.js';
import { revisionOf } from '#src/modules/platform-services/service-revision.js';
import { edgeServiceName } from './ingress-names.js';
import { buildEdgeSpec } from './ingress-specs.js';
import { NginxAssets } from '#src/modules/platform-services/nginx-assets.js';
import { ServiceRollout } from '#src/modules/platform-services/service-rollout.js';

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

/** Its containers drain their connections for up to 20 s. */
const REMOVAL_TIMEOUT_MS = 60_000;

/** Manages the edges in the Engine. Every object of an edge has the site's id as a label, by which it is found. */
@Injectable()
export class Edges {
  constructor(
    private readonly nginx: NginxConfig,
    private readonly parts: NginxAssets,
    private readonly rollout: ServiceRollout,
    private readonly engine: Engine,
    private readonly services: SwarmServices,
    private readonly tasks: SwarmTasks,
    private readonly containers: Containers,
    private readonly configs: Configs,
    private readonly secrets: Secrets,
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
    const parts = await this.parts.ensure({ text: this.nginx.edge(model), labels }, [502, 503], signal);
    const secrets = certificate ? await this.certificateFiles(site.id, certificate) : [];
    const { nodeId } = await this.engine.inspect();
    const replicas = (await this.nodes.recent()).length > 1 ? 2 : 1;
    const place = site.network === null ? { nodeId } : { network: site.network };
    const spec = buildEdgeSpec({ ...parts, site, place, secrets, replicas });
    const problem = await this.rollout.failureReason(await this.rollout.apply(spec), revisionOf(spec), signal);
    if (problem === undefined) await this.collect(site.id, new Set([...parts.configs, ...secrets].map(({ id }) => id)));
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
    const service = await this.services.find(edgeServiceName(siteId));
    if (service) await this.services.remove(service.id);
    const gone = async () =>
      (await this.tasks.listReachable({ labels: [`${LABELS.site}=${siteId}`] })).length === 0 &&
      (!service || (await this.containers.ofService(service.id)).length === 0);
    await pollUntil(gone, {
      withinMs: REMOVAL_TIMEOUT_MS,
      everyMs: 200,
      signal,
      what: 'containers of the edge still exist',
    });
    await this.collect(siteId, new Set());
  }

  private async certificateFiles(siteId: string, { chain, privateKey }: EdgeCertificate): Promise<Mounted[]> {
    return [
      await this.secretFile(siteId, 'certificate', chain),
      // Named by the certificate: the name is public, and must not be a hash of the key.
      await this.secretFile(siteId, 'key', privateKey, chain),
    ];
  }

  private async secretFile(
    siteId: string,
    kind: 'certificate' | 'key',
    content: string,
    named = content,
  ): Promise<Mounted> {
    const name = contentName(kind, `${siteId}/${named}`);
    const labels = { [LABELS.managed]: 'true', [LABELS.site]: siteId };
    return {
      id: await this.secrets.ensure(name, Buffer.from(content), labels),
      name,
      path: `/run/secrets/${kind}.pem`,
    };
  }

  /** Removes unused configs and secrets; those that an old task still holds are removed at the next change. */
  private async collect(siteId: string, used: Set<string>): Promise<void> {
    for (const surface of [this.configs, this.secrets])
      for (const { id } of await surface.list({ [LABELS.site]: siteId }))
        if (!used.has(id)) await surface.tryRemove(id);
  }
}
