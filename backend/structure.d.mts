export const MAY_IMPORT: Record<string, string[]>;
