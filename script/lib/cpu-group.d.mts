export function giveOwnCpuGroup(pid: number, name: string): void;
