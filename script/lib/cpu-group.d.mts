export function weighEngine(pid: number): void;
export function weighApi(pid: number): void;
