/** Stands for a package that is never used at run time. */
export = {};
