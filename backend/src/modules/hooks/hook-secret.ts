/** Binds the sealed secret of a hook to it. */
export function hookSecretContext(id: string): string {
  return `hook/${id}/secret`;
}
