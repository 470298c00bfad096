const id = 'clx1a2b3c4d5e6f7g8h9i0j1k';

/** Example request bodies, shown in Swagger UI. */
export const REDEPLOY_EXAMPLES = {
  'one variable, with the image that runs': { envVars: { LOG_LEVEL: 'debug' } },
  'without a variable': { envVars: { LOG_LEVEL: null } },
  'one file': { files: [{ path: '/etc/app.conf', content: 'debug = true\n' }] },
  'another tag': { tag: '1.4' },
  'the same again, with the tag or the branch resolved again': {},
  'only if no other release is the newest': { replicas: 2, ifDeploymentId: id },
};

export const PROMOTE_EXAMPLES = {
  'the same image': { environmentId: id },
  'with another variable': { environmentId: id, envVars: { LOG_LEVEL: 'warn' } },
};

export const ROLLBACK_EXAMPLES = { 'previous release': {}, 'given release': { deploymentId: id } };
