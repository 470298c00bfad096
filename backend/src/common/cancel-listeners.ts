/** Abort signals of what this process executes, by id. */
export class CancelListeners {
  private readonly controllers = new Map<string, AbortController>();

  /** `reason`: the abort reason. */
  constructor(private readonly reason?: () => Error) {}

  get ids(): string[] {
    return [...this.controllers.keys()];
  }

  abort(id: string): void {
    this.controllers.get(id)?.abort(this.reason?.());
  }

  /** `end` leaves alone the listener of a later attempt of the same id. */
  listen(id: string): { signal: AbortSignal; end: () => void } {
    const controller = new AbortController();
    this.controllers.set(id, controller);
    const end = () => {
      if (this.controllers.get(id) === controller) this.controllers.delete(id);
    };
    return { signal: controller.signal, end };
  }
}
