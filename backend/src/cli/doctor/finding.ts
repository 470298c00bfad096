import type { Config } from '#src/config/config.js';

export interface Finding {
  what: string;
  state: 'ok' | 'warn' | 'broken';
  found: string;
  /** What the operator can do. */
  advice?: string;
}

export type Check = (config: Config) => Promise<Finding[]>;
