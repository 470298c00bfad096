/** Labels of everything that we make in the Engine; users cannot set any under this prefix. */
export const LABELS = {
  managed: 'berth.managed',
  environment: 'berth.environment',
  deployment: 'berth.deployment',
  name: 'berth.name',
  /** of the service that runs a deployment's release command, which is none of its own services: the deployment's id */
  releaseCommand: 'berth.release-command',
  /** the deployment whose attempt made a volume */
  createdBy: 'berth.created-by',
  /** part of the ingress: `front`, `edge` or `page` */
  ingress: 'berth.ingress',
  /** of the front: the thumbprint of the ACME account that it answers for, which no other platform has */
  account: 'berth.account',
  /** the public name that an edge is of, by its row's id */
  site: 'berth.site',
  /** part of the platform's own registry */
  registry: 'berth.registry',
  /** hash of everything that a service of the platform itself is made from */
  revision: 'berth.revision',
} as const;
