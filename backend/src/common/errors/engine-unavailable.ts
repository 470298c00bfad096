/** An error which may say that the Docker Engine does not answer: what is told to clients is decided below the integrations, which cannot be known there. */
export interface EngineAway {
  readonly isEngineUnavailable: boolean;
}

export function isEngineUnavailable(thrown: unknown): boolean {
  return thrown instanceof Error && (thrown as Partial<EngineAway>).isEngineUnavailable === true;
}
