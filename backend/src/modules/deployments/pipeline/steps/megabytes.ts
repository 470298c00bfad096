/** `14.2/31.0 MB` */
export function megabytes({ current, total }: { current: number; total: number }): string {
  return `${(current / 1e6).toFixed(1)}/${(total / 1e6).toFixed(1)} MB`;
}
