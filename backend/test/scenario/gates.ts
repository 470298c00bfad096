import type { IncomingMessage } from 'node:http';

export interface Held {
  /** resolves when a matching call has come to the gate */
  reached: Promise<void>;
  release(): void;
}

interface Gate {
  method: string;
  path: RegExp;
  when: 'before' | 'after';
  pass(): Promise<void>;
}

/** Of a proxy: holds a call before the server sees it, or after the server has done it and before the client hears of it. */
export class Gates {
  private gates: Gate[] = [];

  hold(when: 'before' | 'after', method: string, path: RegExp): Held {
    const reached = Promise.withResolvers<undefined>();
    const open = Promise.withResolvers<undefined>();
    const pass = async () => {
      reached.resolve(undefined);
      await open.promise;
    };
    const gate = { method, path, when, pass };
    this.gates.push(gate);
    return {
      reached: reached.promise,
      release: () => {
        this.gates = this.gates.filter((other) => other !== gate);
        open.resolve(undefined);
      },
    };
  }

  find({ method, url }: IncomingMessage): Gate | undefined {
    return this.gates.find((gate) => gate.method === method && gate.path.test(url ?? ''));
  }
}
