export function weighEngine(pid: number): void;
