/** An error which may say that the Docker Engine does not answer: what is told to clients is decided below the integrations, which cannot be known there. */
export interface EngineAway {
  readonly isEngineAway: boolean;
}

export function isEngineAway(thrown: unknown): boolean {
  return thrown instanceof Error && (thrown as Partial<EngineAway>).isEngineAway === true;
}
