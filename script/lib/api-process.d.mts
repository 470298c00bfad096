import type { ChildProcess, StdioOptions } from 'node:child_process';

export function spawnApi(env: NodeJS.ProcessEnv, stdio: StdioOptions): ChildProcess;
