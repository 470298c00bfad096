/** Which modules of src/modules a module may import, beside itself; everything else is an error of lint. */
export const MAY_IMPORT = {
  auth: [],
  environments: [],
  platform: [],
  'platform-services': [],
  uploads: [],
  registry: ['platform-services'],
  ingress: ['environments', 'platform-services'],
  telegram: ['auth'],
  // Of deployments: what a build writes its log and its failures with. Folders still import in one direction (structure.spec.ts).
  builds: ['deployments', 'environments', 'uploads'],
  deployments: ['auth', 'builds', 'environments', 'ingress', 'platform-services', 'registry', 'uploads'],
  hooks: ['deployments', 'environments'],
  runs: ['deployments', 'environments'],
};
