import type { Config } from '#src/config/config.js';

export interface Finding {
  what: string;
  state: 'ok' | 'look' | 'broken';
  found: string;
  /** what to do */
  advice?: string;
}

export type Check = (config: Config) => Promise<Finding[]>;
