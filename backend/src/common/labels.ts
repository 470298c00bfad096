/** Labels of every object that Berth creates in the Engine; users cannot set a label with this prefix. */
export const LABELS = {
  managed: 'berth.managed',
  environment: 'berth.environment',
  deployment: 'berth.deployment',
  name: 'berth.name',
  /**
   * On the service that runs a deployment's release command: the deployment's id. It is not one of its own services.
   */
  releaseCommand: 'berth.release-command',
  /** On the service of a run: the run's id. */
  run: 'berth.run',
  /** On a volume: the deployment whose attempt created it. */
  createdBy: 'berth.created-by',
  /** Component of the ingress: `front`, `edge` or `page`. */
  ingress: 'berth.ingress',
  /** On the front: the thumbprint of the ACME account that it answers for, which identifies the platform. */
  account: 'berth.account',
  /** On an edge: the row id of its public name. */
  site: 'berth.site',
  /** Component of the built-in registry. */
  registry: 'berth.registry',
  /** On a service of the platform: the hash of everything that it is created from. */
  revision: 'berth.revision',
} as const;
