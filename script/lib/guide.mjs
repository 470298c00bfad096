/** The pages of docs/guide and their code blocks. Tests run the blocks, so that the guide shows only what works. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './build.mjs';

const GUIDE = path.join(ROOT, 'docs/guide');

/** Names of the files, without the index. */
export function guidePages() {
  return readdirSync(GUIDE).filter((name) => name.endsWith('.md') && name !== 'README.md');
}

export function guideText(page) {
  return readFileSync(path.join(GUIDE, page), 'utf8');
}

/** Returns the code blocks of a page in a language, with the heading that each stands under. */
export function codeBlocks(page, language) {
  const blocks = [];
  let heading = '';
  let block;
  for (const line of guideText(page).split('\n')) {
    if (block && line === '```') block = undefined;
    else if (block) block.code += `${line}\n`;
    else if (line.startsWith('#')) heading = line.replace(/^#+ /, '');
    else if (line.startsWith('```')) {
      block = { language: line.slice('```'.length), heading, code: '' };
      blocks.push(block);
    }
  }
  return blocks
    .filter((one) => one.language === language)
    .map(({ heading: under, code }) => ({ heading: under, code }));
}

/** The commands of "Before you start", which every page relies on, for the server at the URL. */
export function guidePrelude(url) {
  const code = codeBlocks('README.md', 'sh').map((block) => block.code);
  return code.join('').replaceAll('http://127.0.0.1:3000', url);
}
