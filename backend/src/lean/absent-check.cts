/** Stands for a check of `validator` that none of our decorators calls. */
function absent(): never {
  throw new Error('this check of class-validator is not loaded: name its file in src/lean/kept-checks.ts');
}

export = absent;
