/** Binds a sealed value to the column of the deployment that it belongs to. */
export function secretContext(jobId: string, column: 'envVars' | 'registryAuth' | 'gitAuth' | 'buildArgs'): string {
  return `deployment/${jobId}/${column}`;
}
