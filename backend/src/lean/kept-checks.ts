/** What our decorators of class-validator call, of the hundred files of `validator`: `Matches`, `MaxLength`. */
export const KEPT_CHECKS = ['isLength', 'matches'];
