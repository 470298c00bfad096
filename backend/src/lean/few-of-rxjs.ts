/* eslint-disable @typescript-eslint/no-deprecated -- it means some of their signatures, and Nest chooses which it calls */
/** What Nest and its modules use of rxjs and its operators: a quarter of its 226 modules. What a file imports and this lacks stops the start. */
export { Observable } from 'rxjs/internal/Observable';
export { EMPTY } from 'rxjs/internal/observable/empty';
export { defer } from 'rxjs/internal/observable/defer';
export { from } from 'rxjs/internal/observable/from';
export { of } from 'rxjs/internal/observable/of';
export { throwError } from 'rxjs/internal/observable/throwError';
export { lastValueFrom } from 'rxjs/internal/lastValueFrom';
export { catchError } from 'rxjs/internal/operators/catchError';
export { map } from 'rxjs/internal/operators/map';
export { mergeAll } from 'rxjs/internal/operators/mergeAll';
export { switchMap } from 'rxjs/internal/operators/switchMap';
export { takeUntil } from 'rxjs/internal/operators/takeUntil';
export { tap } from 'rxjs/internal/operators/tap';
export { ReplaySubject } from 'rxjs/internal/ReplaySubject';
export { Subject } from 'rxjs/internal/Subject';
export { EmptyError } from 'rxjs/internal/util/EmptyError';
export { isObservable } from 'rxjs/internal/util/isObservable';
