export function guidePages(): string[];
export function guideText(page: string): string;
export function codeBlocks(page: string, language: string): { heading: string; code: string }[];
export function guidePrelude(url: string): string;
