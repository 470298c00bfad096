/**
 * An error that may mean that the Docker Engine is unavailable. `common/` recognises it by this shape, because it must
 * not import `integrations/`.
 */
export interface EngineError {
  readonly isEngineUnavailable: boolean;
}

export function isEngineUnavailable(thrown: unknown): boolean {
  return thrown instanceof Error && (thrown as Partial<EngineError>).isEngineUnavailable === true;
}
